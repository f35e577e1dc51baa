// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "runtime/host.hpp"

#include <glovebox/detail/object_reference.hpp>
#include <glovebox/detail/object_table.hpp>
#include <glovebox/dynamic.hpp>
#include <glovebox/op.hpp>
#include <glovebox/slice.hpp>

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace glovebox::test {

/// A child without a process: a host, and the parent's end of its messages. Objects in results are
/// given back when the values that hold them are gone.
class hosted {
 public:
  explicit hosted(runtime::cpp_host_options options = {})
      : host_(runtime::make_cpp_host(*objects_, std::move(options))) {}

  std::size_t objects() const noexcept { return objects_->size(); }
  detail::object_table& table() noexcept { return *objects_; }
  runtime::host& host() noexcept { return *host_; }

  value import(const std::string& name) { return run(op::import_module, value(), name); }

  /// Runs an operation: arguments are encoded, the result is decoded.
  template <class... A>
  value run(op what, const value& on, const A&... arguments) {
    return send(what, on, [&](json_writer& out) {
      out.begin_list();
      (write_dynamic(out, arguments), ...);
      out.end_list();
    });
  }
  /// The same with keyword arguments.
  template <class... A>
  value run_with(std::map<std::string, value> keywords, op what, const value& on,
                 const A&... arguments) {
    return send(what, on, [&](json_writer& out) {
      out.begin_dict();
      out.key("args");
      out.begin_list();
      (write_dynamic(out, arguments), ...);
      out.end_list();
      out.key("kwargs");
      write_dynamic(out, keywords);
      out.end_dict();
    });
  }
  template <class... A>
  value call(const value& on, const char* name, const A&... arguments) {
    return run(op::call_method, on, name, arguments...);
  }
  template <class... A>
  value call_with(std::map<std::string, value> keywords, const value& on, const char* name,
                  const A&... arguments) {
    return run_with(std::move(keywords), op::call_method, on, name, arguments...);
  }
  value get(const value& on, const char* name) { return run(op::get, on, name); }

  template <class Write>
  value send(op what, const value& on, const Write& write) {
    byte_buffer body;
    std::vector<attachment> attachments;
    parent_end port(objects_);
    json_writer out(body, attachments, {}, &port);
    write(out);
    return send(what, on, body.view(), attachments);
  }
  value send(op what, const value& on, std::span<const std::byte> body,
             const std::vector<attachment>& attachments = {}) {
    byte_buffer result;
    std::vector<attachment> result_attachments;
    std::vector<std::span<const std::byte>> given, got;
    for (const attachment& each : attachments) given.push_back(each.bytes);
    host_->operate({what, on.reference() ? on.reference()->handle : 0, body, given, stop_token},
                   result, result_attachments);
    for (const attachment& each : result_attachments) got.push_back(each.bytes);
    parent_end port(objects_);
    port.take(detail::references_in(result.view()));
    json_reader in(result.view(), got, {}, &port);
    value made = read_dynamic<value>(in);
    in.finish();
    return made;
  }

  std::stop_token stop_token;  // for the functions that take one

 private:
  class parent_end final : public detail::object_port {
   public:
    explicit parent_end(std::shared_ptr<detail::object_table> table) : table_(std::move(table)) {}
    void take(const std::vector<std::uint64_t>& handles) {
      std::map<std::uint64_t, std::uint64_t> counts;
      for (const std::uint64_t each : handles) ++counts[each];
      for (const auto& [handle, count] : counts)
        held_[handle] = {new detail::object_reference(nullptr, handle),
                         [table = table_, n = count](const detail::object_reference* it) {
                           table->release(it->handle, n);
                           delete it;
                         }};
    }
    std::uint64_t handle_of(const std::shared_ptr<const detail::object_reference>& of) override {
      return of->handle;
    }
    std::shared_ptr<const detail::object_reference> adopt(std::uint64_t handle) override {
      return held_.at(handle);
    }

   private:
    std::shared_ptr<detail::object_table> table_;
    std::map<std::uint64_t, std::shared_ptr<const detail::object_reference>> held_;
  };

  std::shared_ptr<detail::object_table> objects_ = std::make_shared<detail::object_table>();
  std::unique_ptr<runtime::host> host_;
};

/// What an operation throws, as an E; the text is empty when it throws nothing.
template <class E, class Action>
std::string thrown(Action&& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  return {};
}

}  // namespace glovebox::test
