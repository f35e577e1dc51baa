// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/jail.hpp>

#include "client/jail.hpp"
#include "client/stage_directory.hpp"
#include "runtime/jail.hpp"

#include <glovebox/detail/own_code.hpp>

#include <exception>
#include <filesystem>

namespace glovebox::detail {
namespace {

// The child's working directory may be another.
std::string absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).string();
}

runtime::jail_plan plan_of(const jail_options& what) {
  runtime::jail_plan plan;
  plan.root = absolute(what.root);
  plan.uid = what.uid;
  plan.gid = what.gid;
  for (const std::string& each : what.preload)
    plan.preload.push_back(each.find('/') == std::string::npos ? each : absolute(each));
  for (const std::string& each : what.modules) plan.modules.push_back(absolute(each));
  return plan;
}

using slots =
    choose_slots<type_list<const runtime::jail_plan&>, type_list<const runtime::jail_plan&>>::type;
using stub_type = stub<named_target<&runtime::enter_jail>, void, false, slots>;

}  // namespace

request jail_request(const std::shared_ptr<target>& on, const call_options& how,
                     const jail_options& what) {
  request call;
  call.stub = &stub_type::node;
  call.options = how;
  if (!on) return call;
  try {
    runtime::jail_plan plan = plan_of(what);
    if (!plan.modules.empty()) {
      // Lives until the call has ended, however it ends.
      auto stage = std::make_shared<const client::stage_directory>(plan.root);
      plan.stage = stage->name();
      plan.stage_error = stage->error();
      call.extras.change().kept.push_back(std::move(stage));
    }
    encode_arguments(slots{}, *on, call, std::as_const(plan));
  } catch (...) {
    call.extras.change().encode_error = std::current_exception();
  }
  return call;
}

}  // namespace glovebox::detail

const glovebox::detail::stub_node& glovebox::client::jail_node() noexcept {
  return detail::stub_type::node;
}
