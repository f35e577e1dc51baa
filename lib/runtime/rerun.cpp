// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/rerun.hpp"

#include "core/bundle.hpp"
#include "process/start_steps.hpp"
#include "runtime/bundle_file.hpp"
#include "runtime/registry.hpp"

#include <glovebox/detail/case_reply.hpp>
#include <glovebox/detail/object_table.hpp>

#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

// Defined in programs under AddressSanitizer or ThreadSanitizer, whose shadows no limit of the
// address space would leave room for.
extern "C" [[gnu::weak]] void __asan_init();
extern "C" [[gnu::weak]] void __tsan_init();

extern "C" [[gnu::noinline]] void glovebox_before_call() noexcept {
  asm volatile("" ::: "memory");  // so that no compiler thinks the call away
}

namespace glovebox::runtime {
namespace {

enum status : int { same = 0, different = 1, failed = 2 };

void say(const std::string& text) {
  std::fprintf(stderr, "glovebox: %s\n", text.c_str());
}

bool sanitized() noexcept {
  return &__asan_init != nullptr || &__tsan_init != nullptr;
}

void apply_limits(const core::bundle& from) {
  const auto seconds = static_cast<std::uint64_t>(from.child.cpu_limit.count());
  if (!process::limit_cpu(seconds)) say(std::string("no CPU limit: ") + std::strerror(errno));
  if (sanitized())
    say("no memory limit: the program has a sanitizer in it");
  else if (!process::limit_memory(from.child.memory_limit))
    say(std::string("no memory limit: ") + std::strerror(errno));
}

status judge(const core::bundle& from, const detail::case_reply& reply) {
  using ending = detail::case_reply::ending;
  switch (static_cast<ending>(reply.end)) {
    case ending::returned:
      say("no failure: the function returned");
      return different;
    case ending::threw:
      say("the function threw " + reply.type + ": " + reply.text);
      return from.seen.outcome == outcome::error && from.seen.type == reply.type ? same : different;
    case ending::no_memory:
      say("the function threw " + reply.type + ": out of memory");
      return from.seen.outcome == outcome::out_of_memory && !from.seen.cause ? same : different;
  }
  say("its answer says neither that the function returned nor that it threw");
  return from.seen.outcome == outcome::protocol_violation ? same : different;
}

status run(const core::bundle& from, const rerun& how) {
  detail::stub_node& node =
      resolve_stub(how.other_build ? core::in_other_build(from) : from.function);
  std::vector<std::span<const std::byte>> attachments;
  for (const auto& each : from.attachments) attachments.emplace_back(each);
  detail::object_table objects;
  byte_buffer body;
  std::vector<attachment> attached;
  {
    decoder in(from.body, attachments, from.child.limits);
    encoder out(body, attached, from.child.limits);
    detail::invocation call{in, out, objects, 0, nullptr};
    if (how.limited) apply_limits(from);
    glovebox_before_call();
    node.invoke(call);
  }
  std::vector<std::span<const std::byte>> replied;
  for (const attachment& each : attached) replied.push_back(each.bytes);
  decoder reply(body.view(), replied, from.child.limits);
  return judge(from, decode<detail::case_reply>(reply));
}

}  // namespace

std::string rerun_argument(const rerun& what) {
  std::string text = "--glovebox-rerun";
  if (!what.limited) text += "-unlimited";
  if (what.other_build) text += "-other-build";
  return text + '=' + what.bundle;
}

std::optional<rerun> rerun_marker(int argc, const char* const* argv) {
  if (argc < 2 || argv[1] == nullptr) return std::nullopt;
  const std::string_view argument = argv[1];
  for (const bool limited : {true, false})
    for (const bool other_build : {true, false}) {
      const std::string prefix = rerun_argument({"", limited, other_build});
      if (argument.starts_with(prefix))
        return rerun{std::string(argument.substr(prefix.size())), limited, other_build};
    }
  return std::nullopt;
}

void run_again(const rerun& what) {
  int result = failed;
  try {
    const core::bundle from = read_bundle_file(what.bundle);
    say("process " + std::to_string(::getpid()) + " calls " + from.function.name +
        " with the arguments of " + what.bundle);
    result = run(from, what);
  } catch (const std::exception& why) {
    say("cannot run " + what.bundle + ": " + why.what());
  }
  std::exit(result);
}

}  // namespace glovebox::runtime
