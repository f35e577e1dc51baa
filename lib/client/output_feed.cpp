// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/output_feed.hpp"

#include <algorithm>
#include <utility>

namespace glovebox::client {

void output_lines::add(std::string_view text) {
  while (!text.empty()) {
    if (std::exchange(cut_, false) && text.front() == '\n') {
      text.remove_prefix(1);
      continue;
    }
    const std::size_t room = longest_line - open_.size();
    const std::string_view piece = text.substr(0, std::min(text.find('\n'), room));
    open_ += piece;
    text.remove_prefix(piece.size());
    if (!text.empty() && text.front() == '\n')
      text.remove_prefix(1);
    else if (open_.size() < longest_line)
      return;
    else
      cut_ = true;
    complete();
  }
}

void output_lines::end() {
  if (!open_.empty()) complete();
}

void output_lines::complete() {
  // An empty line is not for nothing either.
  const std::size_t cost = open_.size() + sizeof(std::string);
  if (bytes_ + cost > most_bytes) {
    ++dropped_;
    open_.clear();
    return;
  }
  bytes_ += cost;
  ready_.push_back(std::exchange(open_, {}));
}

std::vector<std::string> output_lines::take() {
  std::vector<std::string> taken = std::exchange(ready_, {});
  bytes_ = 0;
  if (const std::size_t count = std::exchange(dropped_, 0); count != 0)
    taken.push_back("[glovebox: dropped " + std::to_string(count) +
                    " lines, which came faster than on_output_line took them]");
  return taken;
}

void output_feed::add(std::string_view text) {
  const std::lock_guard lock(lock_);
  lines_.add(text);
  post_if_needed();
}

void output_feed::end() {
  const std::lock_guard lock(lock_);
  lines_.end();
  post_if_needed();
}

void output_feed::post_if_needed() {
  if (posted_ || lines_.empty()) return;
  posted_ = true;
  asio::post(executor_, [self = shared_from_this()] { self->pass_on(); });
}

void output_feed::pass_on() {
  // Also when the callback throws: the next lines must get their turn.
  struct turn {
    output_feed& feed;
    ~turn() {
      const std::lock_guard lock(feed.lock_);
      feed.posted_ = false;
      feed.post_if_needed();
    }
  } const over{*this};
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(lock_);
    lines = lines_.take();
  }
  for (const std::string& line : lines) callback_(line);
}

}  // namespace glovebox::client
