// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/host.hpp"

#include "runtime/binding_registry.hpp"
#include "runtime/child_locals.hpp"
#include "runtime/host_object.hpp"
#include "runtime/module_loader.hpp"

#include <glovebox/detail/c_library.hpp>
#include <glovebox/detail/type_name.hpp>

#include <map>
#include <stdexcept>
#include <utility>

namespace glovebox::runtime {
namespace {

/// Modules, once defined, belong to the child, whoever holds them.
auto& modules() {
  struct defined_modules {
    std::map<std::string, std::shared_ptr<host_object>, std::less<>> all;
  };
  return of_this_child<defined_modules>().all;
}

const std::shared_ptr<host_object>& defined(const std::string& name,
                                            binding::module_registrar::definition define) {
  // When this fails half-way, the classes that were bound so far stay bound.
  const auto info = std::make_shared<binding::module_info>();
  info->name = name;
  try {
    module_builder builder(*info);
    define(builder);
  } catch (const std::exception& why) {
    std::throw_with_nested(
        module_initialiser_threw("the module '" + name + "' cannot be defined: " + why.what()));
  }
  return modules()[name] = make_module(info);
}

}  // namespace

class cpp_host final : public host {
 public:
  cpp_host(detail::object_table& objects, cpp_host_options options)
      : objects_(objects), options_(std::move(options)) {}

  void operate(const operation_request& request, byte_buffer& result,
               std::vector<attachment>& attachments) override {
    operation_port port(objects_);
    const detail::object_port::installed here(port);
    json_reader in(request.arguments, request.attachments, options_.bounds, &port,
                   request.descriptors);
    json_writer out(result, attachments, options_.bounds, &port);
    try {
      binding::call_state call(in, out);
      call.stop = request.stop;
      call.find_arguments();
      operation_frame frame{request.what, call, out, port, objects_, result, attachments};
      run(frame, request);
    } catch (...) {
      port.take_back(0);
      throw;
    }
  }

 private:
  void run(operation_frame& frame, const operation_request& request) {
    if (request.what == op::import_module) {
      const std::string name = frame.take_name();
      frame.call.expect(0, "import");
      return frame.share(imported(name));
    }
    if (request.what < op::import_module || request.what > last_op)
      throw std::invalid_argument("an unknown operation");
    // A copy: the table changes while the operation runs.
    detail::object_table::entry entry = objects_.at(request.object);
    if (entry.type == host_object_type)
      return operate_on_host_object(frame,
                                    std::static_pointer_cast<host_object>(std::move(entry.owner)));
    if (entry.type == detail::type_name<detail::c_library>() && request.what == op::call_method)
      return call_c_function(frame, *static_cast<detail::c_library*>(entry.address));
    const binding::self_object self{&binding::class_of(entry.type, nullptr), entry.address,
                                    entry.owner, entry.constant};
    operate_on_object(frame, self);
  }

  const std::shared_ptr<host_object>& imported(const std::string& name) {
    if (const auto there = modules().find(name); there != modules().end()) return there->second;
    auto define = binding::find_module_definition(name);
    if (!define && options_.load_module) {
      options_.load_module(name);
      define = binding::find_module_definition(name);
      if (!define)
        throw not_a_module("the shared object that was loaded for '" + name +
                           "' defines modules of other names only");
    }
    if (!define) throw module_not_found("no module '" + name + "' is linked into this program");
    return defined(name, define);
  }

  detail::object_table& objects_;
  cpp_host_options options_;
};

std::unique_ptr<host> make_cpp_host(detail::object_table& objects, cpp_host_options options) {
  return std::make_unique<cpp_host>(objects, std::move(options));
}

}  // namespace glovebox::runtime
