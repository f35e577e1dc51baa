// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/stack_trace.hpp>

#include "core/frames.hpp"
#include "core/readable.hpp"

#include <string_view>

namespace glovebox {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size())
    text.replace(at, what.size(), by);
}

// `std::vector<int, std::allocator<int> >` is nobody's name for that.
void leave_out_defaults(std::string& name) {
  constexpr std::string_view allocator = ", std::allocator<";
  for (std::size_t at = 0; (at = name.find(allocator, at)) != name.npos;) {
    std::size_t end = at + allocator.size();
    for (std::size_t depth = 1; end != name.size() && depth != 0; ++end)
      depth += name[end] == '<' ? 1u : name[end] == '>' ? ~std::size_t{0} : 0u;
    name.erase(at, end - at);
  }
  replace_all(name, "std::__cxx11::basic_string<char, std::char_traits<char> >", "std::string");
  replace_all(name, "std::basic_string_view<char, std::char_traits<char> >", "std::string_view");
  replace_all(name, " >", ">");
}

std::string frame_text(const stack_frame& frame) {
  std::string text = frame.function.empty() ? core::hex(frame.address) : frame.function;
  leave_out_defaults(text);
  if (!frame.file.empty()) {
    text += " at " + frame.file;
    if (frame.line != 0) text += ':' + std::to_string(frame.line);
  } else if (!frame.module.empty()) {
    text += " in " + frame.module + '+' + core::hex(frame.offset);
  } else if (frame.function.empty()) {
    text += ", where there is no code of any file";
  }
  if (frame.inlined) text += " (inlined)";
  return text;
}

}  // namespace

std::string to_text(const thread_trace& trace, std::string_view indent) {
  std::string text;
  std::size_t number = 0;
  for (const stack_frame& frame : core::without_runtime(trace.frames)) {
    text += indent;
    text += '#' + std::to_string(number++) + ' ' + frame_text(frame) + '\n';
  }
  if (!trace.note.empty()) {
    text += indent;
    text += trace.note + '\n';
  }
  return text;
}

}  // namespace glovebox
