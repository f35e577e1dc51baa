// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Iterators as objects that a parent can hold.
#include "runtime/host_object.hpp"
#include "runtime/open_streams.hpp"

#include <glovebox/dynamic.hpp>

#include <chrono>
#include <utility>

namespace glovebox::runtime {
namespace {

class iterator final : public host_object {
 public:
  iterator(std::shared_ptr<binding::cursor> over, std::shared_ptr<void> keep, std::string title)
      : over_(std::move(over)), keep_(std::move(keep)), title_(std::move(title)) {}
  iterator(const iterator&) = delete;
  iterator& operator=(const iterator&) = delete;
  ~iterator() override { stream_is_over(this); }
  std::string_view kind() const noexcept override { return "iterator"; }
  std::string title() const override { return title_; }
  bool operate(operation_frame& frame) override {
    if (frame.what != op::next) return false;
    next(frame);
    return true;
  }

 private:
  using clock = std::chrono::steady_clock;

  // An item that throws ends the iteration, but not before those that came before it have been
  // delivered.
  void next(operation_frame& frame) {
    frame.call.expect(3, "next");
    const auto most_items = frame.call.positional(0).integer<std::uint64_t>();
    const auto most_bytes = frame.call.positional(1).integer<std::uint64_t>();
    const auto most_time = frame.call.positional(2).integer<std::uint32_t>();
    if (pending_) {
      over_ = nullptr;
      stream_is_over(this);
      std::rethrow_exception(std::exchange(pending_, nullptr));
    }
    frame.port.keep(keep_);
    const auto over = over_;  // what an item does may come back here
    const auto stop = clock::now() + std::chrono::microseconds(most_time);
    json_writer& out = frame.out;
    const std::size_t start = out.written();
    std::size_t attached = frame.attachments.size();
    std::uint64_t attached_bytes = 0;
    out.begin_list();
    out.begin_list();
    bool ended = !over;
    for (std::uint64_t count = 0; !ended && count < most_items; ++count) {
      const json_writer::mark before = out.position();
      const std::size_t given = frame.port.count_given();
      try {
        if (!over->next(out)) {
          ended = true;
          break;
        }
      } catch (...) {
        out.take_back(before);
        frame.port.take_back(given);
        if (count == 0) {
          over_ = nullptr;
          stream_is_over(this);
          throw;
        }
        pending_ = std::current_exception();
        break;
      }
      for (; attached != frame.attachments.size(); ++attached)
        attached_bytes += frame.attachments[attached].bytes.size();
      if (out.written() - start + attached_bytes >= most_bytes || clock::now() >= stop) break;
    }
    out.end_list();
    out.boolean(ended);
    out.end_list();
    if (ended) {
      over_ = nullptr;
      keep_ = nullptr;
      stream_is_over(this);
    } else {
      stream_is_open(this);
    }
  }

  std::shared_ptr<binding::cursor> over_;  // null: it has ended
  std::shared_ptr<void> keep_;
  std::string title_;
  std::exception_ptr pending_;
};

}  // namespace

std::shared_ptr<host_object> make_iterator(std::shared_ptr<binding::cursor> over,
                                           std::shared_ptr<void> keep, std::string title) {
  return std::make_shared<iterator>(std::move(over), std::move(keep), std::move(title));
}

}  // namespace glovebox::runtime
