// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>
#include <glovebox/config.hpp>
#include <glovebox/detail/object_table.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace glovebox::detail {

/// One call, on its way through a stub in the child.
struct invocation {
  decoder& in;
  encoder& out;
  object_table& objects;
  std::uint64_t result_object = 0;  // handle of a result that stays in the child
  std::shared_ptr<void> keep;       // owners of the object arguments: references into them need it
};

/// What names a function on the wire. The node is a writable variable inside the module that uses
/// the function, so no linker can merge two of them (identical code folding merges the functions),
/// and its offset in the module is the same in every process that has loaded the module.
struct GLOVEBOX_API stub_node {
  using invoke_function = void (*)(invocation&);
  using describe_function = std::string (*)(decoder& arguments);

  stub_node(invoke_function invoke, describe_function describe, std::string_view name) noexcept;
  stub_node(const stub_node&) = delete;
  stub_node& operator=(const stub_node&) = delete;
  ~stub_node();  // a module that is unloaded takes its nodes along

  invoke_function invoke;      // decodes, runs, encodes; what the function throws passes through
  describe_function describe;  // the arguments as text for a report
  std::string_view name;
  std::atomic<std::uint32_t> index{0};  // number on the wire, given at the first use; 0: none yet
  stub_node* next;
};

}  // namespace glovebox::detail
