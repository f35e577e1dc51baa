// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/exception_record.hpp"

#include <algorithm>

namespace glovebox::core {
namespace {

// Frames share their modules, so these stand in a table of their own.
void encode_stack(encoder& out, const std::vector<stack_frame>& stack) {
  const std::size_t count = std::min(stack.size(), exception_record::max_frames);
  std::vector<const stack_frame*> modules;
  std::vector<std::uint8_t> indexes;
  for (std::size_t i = 0; i != count; ++i) {
    const auto known = std::find_if(modules.begin(), modules.end(), [&](const stack_frame* each) {
      return each->module == stack[i].module && each->build_id == stack[i].build_id;
    });
    indexes.push_back(static_cast<std::uint8_t>(known - modules.begin()));
    if (known == modules.end()) modules.push_back(&stack[i]);
  }
  out.count(modules.size());
  for (const stack_frame* each : modules) {
    glovebox::encode(out, each->module);
    glovebox::encode(out, each->build_id);
  }
  out.count(count);
  for (std::size_t i = 0; i != count; ++i) {
    out.number(indexes[i]);
    out.number(stack[i].address);
    out.number(stack[i].offset);
  }
}

std::vector<stack_frame> decode_stack(decoder& in) {
  const std::uint64_t module_count = in.count();
  if (module_count > exception_record::max_frames) in.fail("too many modules in a stack");
  std::vector<stack_frame> modules(static_cast<std::size_t>(module_count));
  for (stack_frame& each : modules) {
    each.module = decode<std::string>(in);
    each.build_id = decode<std::string>(in);
  }
  const std::uint64_t count = in.count();
  if (count > exception_record::max_frames) in.fail("too many frames in a stack");
  std::vector<stack_frame> stack;
  for (std::uint64_t i = 0; i != count; ++i) {
    const auto index = in.number<std::uint8_t>();
    if (index >= modules.size()) in.fail("a frame of no module");
    stack.push_back(modules[index]);
    stack.back().address = in.number<std::uint64_t>();
    stack.back().offset = in.number<std::uint64_t>();
  }
  return stack;
}

}  // namespace

void encode(encoder& out, const exception_record& record) {
  const exception_record* at = &record;
  for (int level = 0; at; ++level, at = at->nested.get()) {
    glovebox::encode(out, at->type);
    glovebox::encode(out, at->name);
    out.number(static_cast<std::uint8_t>(at->base));
    glovebox::encode(out, at->message);
    glovebox::encode(out, at->category);
    out.number(at->code);
    encode_stack(out, at->stack);
    const bool more = at->nested && level + 1 < exception_record::max_nesting;
    glovebox::encode(out, more);
    if (!more) return;
  }
}

exception_record decode_exception(decoder& in) {
  exception_record first;
  exception_record* at = &first;
  for (int level = 0;; ++level) {
    if (level == exception_record::max_nesting) in.fail("exceptions nested too deeply");
    at->type = decode<std::string>(in);
    at->name = decode<std::string>(in);
    const auto base = in.number<std::uint8_t>();
    if (base > static_cast<std::uint8_t>(last_standard_base))
      in.fail("an unknown standard exception");
    at->base = static_cast<standard_base>(base);
    at->message = decode<std::string>(in);
    at->category = decode<std::string>(in);
    at->code = in.number<std::int32_t>();
    at->stack = decode_stack(in);
    if (!decode<bool>(in)) return first;
    at->nested = std::make_unique<exception_record>();
    at = at->nested.get();
  }
}

}  // namespace glovebox::core
