#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace leat::native {

/// Headers that our encoder would never write, built from field numbers rather than from the schema. One header an object.
class RawHeader {
 public:
  using Table = flatbuffers::Offset<void>;
  using Builder = flatbuffers::FlatBufferBuilder;

  Builder& builder() { return builder_; }

  /// A table whose fields `add` adds.
  template <class Add>
  Table table(Add add) {
    const flatbuffers::uoffset_t start = builder_.StartTable();
    add(builder_);
    return Table(builder_.EndTable(start));
  }

  template <class T>
  static void add(Builder& builder, int field, T value) {
    builder.ForceDefaults(true);
    builder.AddElement<T>(at(field), value, T{});
  }
  template <class T>
  static void add_offset(Builder& builder, int field, flatbuffers::Offset<T> value) {
    builder.AddOffset(at(field), value);
  }
  /// A struct of ubytes, as Uuid is.
  static void add_id(Builder& builder, int field) {
    builder.Align(1);
    for (std::uint8_t i = 0; i < 16; ++i) builder.PushElement(i);
    builder.AddStructOffset(at(field), builder.GetSize());
  }

  flatbuffers::Offset<flatbuffers::Vector<Table>> tables(const std::vector<Table>& members) {
    return builder_.CreateVector(members);
  }

  std::vector<std::byte> finish(std::uint8_t body_type, Table body, std::uint64_t correlation) {
    const Table header = table([&](Builder& b) {
      add(b, 0, correlation);
      add(b, 1, body_type);
      if (!body.IsNull()) add_offset(b, 2, body);
    });
    builder_.Finish(header);
    const auto* bytes = reinterpret_cast<const std::byte*>(builder_.GetBufferPointer());
    return {bytes, bytes + builder_.GetSize()};
  }

 private:
  static flatbuffers::voffset_t at(int field) {
    return flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(field));
  }

  Builder builder_;
};

/// A message's number in the union.
enum class BodyType : std::uint8_t {
  none = 0,
  create_topic = 6,
  topic_list_reply = 12,
  publish = 16,
  publish_acks = 17,
  list_offsets = 20
};

}  // namespace leat::native
