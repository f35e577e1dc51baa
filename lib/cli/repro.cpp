// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "cli/checks.hpp"
#include "cli/commands.hpp"
#include "cli/compare.hpp"
#include "client/host_program.hpp"
#include "farm/text.hpp"
#include "farm/verdict.hpp"
#include "runtime/registry.hpp"

#include <glovebox/context.hpp>

#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <utility>

namespace glovebox::cli {
namespace {

constexpr std::size_t line_width = 100;

detail::request request_of(const core::bundle& from, bool other_build) {
  detail::request call;
  call.stub = &runtime::foreign_stub(other_build ? core::in_other_build(from) : from.function);
  call.options = from.call;
  call.body.append(from.body.data(), from.body.size());
  for (const auto& each : from.attachments) call.attachments.push_back({nullptr, each, -1});
  return call;
}

// \throws problem when the child has not even made the call
farming::verdict run(const core::bundle& from, context_options options, bool other_build) {
  asio::io_context io;
  std::exception_ptr error;
  detail::case_reply reply;
  const context child(io, std::move(options));
  detail::start<detail::case_reply>(child.home(), request_of(from, other_build),
                                    [&](std::exception_ptr failed, detail::case_reply answer) {
                                      error = std::move(failed);
                                      reply = std::move(answer);
                                    });
  io.run();
  const bool limited = from.child.memory_limit != 0;
  farming::verdict made =
      farming::judge(error, std::move(reply), {.alone = true, .memory_limited = limited});
  // What the case throws is part of the reply; an error is of the library in the child.
  if (error_of(error).origin == error_info::source::remote)
    throw problem("the child cannot make the call: " + made.record.message);
  return made;
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

exit_status repro_isolated(const repro_options& options) {
  const core::bundle from = open_bundle(options.bundle);
  const std::string program = find_program(from, options);
  context_options child = from.child;
  child.backend = backend::process;  // of the program, which this one is not
  child.directory = find_directory(from, options);
  child.standard_output = options.output ? output::inherit : output::null;
  child.standard_error = options.output ? output::tee : output::capture;
  if (options.no_limits) {
    child.memory_limit = 0;
    child.cpu_limit = {};
  }
  apply_surroundings(from);
  client::choose_host_program(program);
  print(farming::one_line("calling " + from.function.name + " of " + program, line_width) + '\n');

  farming::verdict how = run(from, std::move(child), options.other_build);
  case_record& now = how.record;
  now.name = from.seen.name;
  now.input = from.seen.input;
  now.attempts = 1;
  now.group = group_of(now);
  print(now.report());
  if (how.how == farming::verdict::weight::inconclusive || now.outcome == outcome::not_run)
    throw problem("the case could not be run to its end: " + farming::one_line(now.message, 1000));
  const comparison result = compare(from, now);
  print(result.text + '\n');
  return result.same ? reproduced : not_reproduced;
}

}  // namespace glovebox::cli
