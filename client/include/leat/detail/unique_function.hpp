#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace leat {

template <class Signature>
class UniqueFunction;

/// A callable that is moved, never copied, and that lives in the object itself when it is no larger than four pointers: a
/// callback a record must not cost an allocation a record. Empty until given one; calling an empty one is a mistake.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;

  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
      UniqueFunction(F&& function) {  // NOLINT(google-explicit-constructor): a lambda is passed where a callback is asked for
    using Held = std::decay_t<F>;
    if constexpr (fits_inside<Held>()) {
      ::new (static_cast<void*>(storage_)) Held(std::forward<F>(function));
      vtable_ = &kInside<Held>;
    } else {
      ::new (static_cast<void*>(storage_)) Held*(new Held(std::forward<F>(function)));
      vtable_ = &kOutside<Held>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return vtable_ != nullptr; }
  R operator()(Args... args) { return vtable_->call(storage_, std::forward<Args>(args)...); }

 private:
  struct Vtable {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to) noexcept;  ///< leaves nothing behind in `from`
    void (*destroy)(void*) noexcept;
  };

  static constexpr std::size_t kBytes = 4 * sizeof(void*);

  template <class F>
  static constexpr bool fits_inside() {
    return sizeof(F) <= kBytes && alignof(F) <= alignof(void*) && std::is_nothrow_move_constructible_v<F>;
  }

  template <class F>
  static constexpr Vtable kInside{
      [](void* at, Args&&... args) -> R { return (*static_cast<F*>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept {
        ::new (to) F(std::move(*static_cast<F*>(from)));
        static_cast<F*>(from)->~F();
      },
      [](void* at) noexcept { static_cast<F*>(at)->~F(); }};

  template <class F>
  static constexpr Vtable kOutside{
      [](void* at, Args&&... args) -> R { return (**static_cast<F**>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept { ::new (to) F*(*static_cast<F**>(from)); },
      [](void* at) noexcept { delete *static_cast<F**>(at); }};

  void take(UniqueFunction& other) noexcept {
    if (other.vtable_ == nullptr) return;
    other.vtable_->move(other.storage_, storage_);
    vtable_ = std::exchange(other.vtable_, nullptr);
  }
  void reset() noexcept {
    if (vtable_ != nullptr) std::exchange(vtable_, nullptr)->destroy(storage_);
  }

  alignas(void*) std::byte storage_[kBytes];
  const Vtable* vtable_ = nullptr;
};

}  // namespace leat
