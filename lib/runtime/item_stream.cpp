// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/item_stream.hpp>

#include "runtime/open_streams.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

namespace glovebox::detail {
namespace {

void write_chunk_of(invocation& call) {
  const auto handle = call.in.number<std::uint64_t>();
  item_stream::bounds most{};
  most.items = call.in.number<std::uint64_t>();
  most.bytes = call.in.number<std::uint64_t>();
  most.microseconds = call.in.number<std::uint32_t>();
  call.in.finish();
  const object_table::entry& found = call.objects.find(handle, type_name<item_stream>());
  const std::shared_ptr<void> keep = found.owner;  // what an item does may release the handle
  static_cast<item_stream*>(found.address)->write_chunk(call.out, most);
}

std::string describe_nothing(decoder&) {
  return {};
}

stub_node reader_node{&write_chunk_of, &describe_nothing, "next"};

}  // namespace

item_stream::~item_stream() {
  runtime::stream_is_over(this);
}

stub_node& item_stream::reader() noexcept {
  return reader_node;
}

void item_stream::end() noexcept {
  ended_ = true;
  runtime::stream_is_over(this);
  close();
}

void item_stream::write_chunk(encoder& out, const bounds& most) {
  using clock = std::chrono::steady_clock;
  if (pending_) std::rethrow_exception(std::exchange(pending_, nullptr));
  if (running_) throw std::logic_error("the next items are being made already");
  const auto stop = clock::now() + std::chrono::microseconds(most.microseconds);
  std::uint64_t bytes = 0;
  for (std::uint64_t count = 0; !ended_ && count < most.items; ++count) {
    const encoder::mark before = out.position();
    running_ = true;
    try {
      if (!write_next(out)) end();
      running_ = false;
    } catch (...) {
      running_ = false;
      out.take_back(before);
      end();
      if (count == 0) throw;
      pending_ = std::current_exception();
      break;
    }
    bytes += out.bytes_since(before);
    if (bytes >= most.bytes || clock::now() >= stop) break;
  }
  if (!ended_) runtime::stream_is_open(this);
  out.number(static_cast<std::uint8_t>(ended_ && !pending_ ? item_mark::end : item_mark::pause));
}

}  // namespace glovebox::detail
