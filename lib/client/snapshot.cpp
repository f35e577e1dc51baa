// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/snapshot.hpp>

#include <glovebox/context.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace glovebox {

struct snapshot::owner {
  explicit owner(std::shared_ptr<detail::context_target> of) : target(std::move(of)) {}
  owner(const owner&) = delete;
  owner& operator=(const owner&) = delete;
  ~owner() { target->close(); }
  std::shared_ptr<detail::context_target> target;
};

snapshot::snapshot(std::shared_ptr<detail::context_target> of)
    : owner_(std::make_shared<owner>(of)), target_(std::move(of)) {}

context snapshot::revive() const {
  return context::owning(detail::context_or_none(target_)->revive());
}

pid_t snapshot::pid() const noexcept {
  return target_ ? target_->pid() : 0;
}

std::optional<snapshot_memory> snapshot::memory() const {
  std::ifstream file("/proc/" + std::to_string(pid()) + "/smaps_rollup");
  std::optional<snapshot_memory> taken;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t kibibytes = 0;
    if (!(words >> name >> kibibytes)) continue;
    if (!taken) taken.emplace();
    if (name.starts_with("Private_")) taken->own += kibibytes * 1024;
    if (name.starts_with("Shared_")) taken->shared += kibibytes * 1024;
  }
  return taken;
}

std::optional<termination> snapshot::ended() const {
  return target_ ? target_->ended() : std::nullopt;
}

snapshot detail::snapshot_reader::read(const answer& from) {
  return snapshot(std::static_pointer_cast<context_target>(from.from));
}

}  // namespace glovebox
