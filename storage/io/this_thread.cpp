#include "storage/io/this_thread.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace leat::storage {
namespace {

/// As sched_setattr(2) has it: the C library before 2.41 has none, and the kernel's header cannot be included beside its
/// <sched.h>.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime_ns;
  std::uint64_t deadline_ns;
  std::uint64_t period_ns;
};

/// The least that the scheduler takes.
constexpr std::uint64_t kTurnNs = 100'000;

}  // namespace

void name_this_thread(const std::string& name) { ::pthread_setname_np(::pthread_self(), name.c_str()); }

void shorten_turns_of_this_thread() {
  SchedulingAttributes attributes{};
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.policy != SCHED_OTHER) return;  // somebody has chosen another one for it
  attributes.runtime_ns = kTurnNs;
  (void)::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace leat::storage
