// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/byte_buffer.hpp>
#include <glovebox/codec/encoder.hpp>
#include <glovebox/detail/object_table.hpp>
#include <glovebox/limits.hpp>
#include <glovebox/op.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace glovebox::runtime {

/// One operation as it came.
struct operation_request {
  op what;
  std::uint64_t object = 0;  // handle; 0 for op::import_module
  std::span<const std::byte> arguments;
  std::span<const std::span<const std::byte>> attachments;
  std::stop_token stop = {};                          // instead of the running call's own
  std::span<const file_descriptor> descriptors = {};  // by the index of their attachment
};

/// What a child does with objects and modules of one language: the whole set of operations that a
/// parent's proxies are made of. Arguments and results are JSON (docs/internals.md).
class host {
 public:
  virtual ~host() = default;
  /// Runs an operation and appends its result. What the code behind it throws passes through; then
  /// nothing that was appended counts, and no reference was given out. May be called again while it
  /// runs, by code that it runs.
  virtual void operate(const operation_request& request, byte_buffer& result,
                       std::vector<attachment>& attachments) = 0;
};

struct cpp_host_options {
  /// Loads the shared object of a module that is not linked in. What it throws passes through.
  /// Null: only modules that are linked in can be imported.
  std::function<void(const std::string& name)> load_module;
  limits bounds;
};

/// The host of C++ modules and classes (GLOVEBOX_MODULE), and of all objects of typed calls.
/// \param objects of this child; must outlive the host
std::unique_ptr<host> make_cpp_host(detail::object_table& objects, cpp_host_options options = {});

}  // namespace glovebox::runtime
