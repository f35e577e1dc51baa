// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/bundling.hpp"

#include "client/host_program.hpp"
#include "farm/frames.hpp"
#include "runtime/modules.hpp"
#include "runtime/registry.hpp"

#include <glovebox/detail/module_note.hpp>

#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace glovebox::farming {
namespace {

constexpr std::size_t most_frames = 64;

/// Takes calls to look at them; nothing is called.
class request_catcher final : public detail::target {
 public:
  request_catcher(const detail::farm_sink::executor_type& executor, const limits& bounds)
      : executor_(executor), bounds_(bounds) {}

  void submit(detail::operation& op) override {
    caught_ = std::move(op.request());
    op.destroy();
  }
  void cancel(std::uint64_t, asio::cancellation_type) override {}
  void release(std::uint64_t) noexcept override {}
  const asio::any_io_executor& executor() const noexcept override { return executor_; }
  std::string describe() const override { return "a bundle"; }
  const limits& bounds() const noexcept override { return bounds_; }

  detail::request& caught() noexcept { return caught_; }

 private:
  const asio::any_io_executor executor_;
  const limits bounds_;
  detail::request caught_;
};

/// Whose results nobody waits for.
class no_sink final : public detail::farm_sink {
 public:
  using farm_sink::farm_sink;
  void ended(std::size_t, const std::exception_ptr&, detail::case_reply&&) override {}
};

struct program {
  std::string path;
  std::string build_id;
};

// The file may be gone or another one by now; the build id is that of what runs.
program children_run() {
  const std::string chosen = client::host_program();
  program made;
  std::error_code failed;
  made.path = std::filesystem::canonical(chosen, failed).string();
  if (failed) {
    made.path = std::filesystem::read_symlink(chosen, failed).string();
    if (failed) made.path = std::filesystem::absolute(chosen).string();
  }
  try {
    made.build_id = runtime::build_id_of_file(chosen);
  } catch (const std::runtime_error&) {
    // Linked without one: nobody can tell whether the file is still the same.
  }
  return made;
}

core::definition definition_of(detail::stub_node& stub) {
  const runtime::sendable sent = runtime::describe_stub(stub);
  decoder in(sent.definition->view(), {});
  return core::decode_definition(in);
}

std::vector<std::string> surroundings() {
  std::vector<std::string> chosen;
  for (char** each = environ; each && *each; ++each) {
    const std::string_view variable(*each);
    const std::size_t equals = variable.find('=');
    if (equals != variable.npos && core::matters(variable.substr(0, equals)))
      chosen.emplace_back(variable);
  }
  return chosen;
}

// Relative paths are the parent's, whose working directory nobody will know later.
context_options portable(const context_options& from) {
  context_options made = from;
  made.on_output_line = nullptr;
  made.directory = from.directory.empty() ? std::filesystem::current_path().string()
                                          : std::filesystem::absolute(from.directory).string();
  for (std::string& each : made.module_path) each = std::filesystem::absolute(each).string();
  return made;
}

}  // namespace

detail::request encode_case(const detail::farm_job& job, std::size_t index,
                            const detail::farm_job::call_plan& plan, const limits& bounds,
                            const detail::farm_sink::executor_type& executor) {
  const auto catcher = std::make_shared<request_catcher>(executor, bounds);
  detail::farm_job::start_result ignored;
  job.start(index, catcher, plan, ignored, {std::make_shared<no_sink>(executor), 0});
  detail::request& caught = catcher->caught();
  if (caught.extras && caught.extras->encode_error)
    std::rethrow_exception(caught.extras->encode_error);
  return std::move(caught);
}

core::bundle make_bundle(const detail::request& call, const context_options& child,
                         const case_record& seen) {
  if (!call.stub) throw std::runtime_error("its call has no function");
  core::bundle made;
  made.made_by = GLOVEBOX_MODULE_ABI;
  program children = children_run();
  made.program = std::move(children.path);
  made.program_build_id = std::move(children.build_id);
  made.function = definition_of(*call.stub);
  made.body.assign(call.body.view().begin(), call.body.view().end());
  for (const attachment& each : call.attachments) {
    if (each.descriptor >= 0)
      throw std::runtime_error("its input has file descriptors in it, or shared memory");
    made.attachments.emplace_back(each.bytes.begin(), each.bytes.end());
  }
  made.call = call.options;
  made.child = portable(child);
  made.surroundings = surroundings();
  made.seen = seen;
  made.seen.threads.clear();
  if (!seen.threads.empty())
    for (const stack_frame& frame : seen.threads.front().frames)
      if (made.stack.size() != most_frames) made.stack.push_back(frame_text(frame));
  return made;
}

}  // namespace glovebox::farming
