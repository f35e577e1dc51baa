// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What a child threw: as it is read, and as the exception that the parent throws for it.
#include "core/exception_record.hpp"
#include "fuzz/fuzz.hpp"
#include "runtime/remote_errors.hpp"

#include <glovebox/remote_exception.hpp>

#include <optional>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;
using core::exception_record;

std::optional<exception_record> read(view body, std::span<const view> attached) {
  limits tight;
  tight.decoded_bytes = 1 << 20;
  try {
    decoder in(body, attached, tight);
    exception_record got = core::decode_exception(in);
    in.finish();
    return got;
  } catch (const codec_error&) {
    return std::nullopt;
  }
}

bool same_frame(const stack_frame& a, const stack_frame& b) {
  return a.address == b.address && a.module == b.module && a.build_id == b.build_id &&
         a.offset == b.offset;
}

// Compared by what it says: modules may be listed in more than one way.
bool same_record(const exception_record& a, const exception_record& b) {
  return a.type == b.type && a.name == b.name && a.base == b.base && a.message == b.message &&
         a.category == b.category && a.code == b.code &&
         std::equal(a.stack.begin(), a.stack.end(), b.stack.begin(), b.stack.end(), same_frame) &&
         (a.nested ? b.nested && same_record(*a.nested, *b.nested) : !b.nested);
}

void check_thrown(const exception_record& record) {
  try {
    std::rethrow_exception(runtime::make_remote_exception(record, "method"));
  } catch (const remote_exception& thrown) {
    require(thrown.message() == record.message, "another message");
    const auto* const standard = dynamic_cast<const std::exception*>(&thrown);
    require(standard && std::string_view(record.message).starts_with(standard->what()),
            "what() is not the child's text");
    require((dynamic_cast<const std::nested_exception*>(&thrown) != nullptr) ==
                (record.nested != nullptr),
            "the nested exception is not there, or one that was not");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  const message_parts parts(from);
  const auto got = read(parts.body, parts.attached);
  if (!got) return 0;
  byte_buffer body;
  std::vector<attachment> attachments;
  encoder out(body, attachments);
  core::encode(out, *got);
  std::vector<view> attached;
  for (const attachment& each : attachments) attached.push_back(each.bytes);
  const auto again = read(body.view(), attached);
  require(again && same_record(*got, *again), "another exception after a round trip");
  check_thrown(*got);
  return 0;
}
