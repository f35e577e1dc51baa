// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/session.hpp"
#include "process/recorder.hpp"
#include "runtime/host.hpp"
#include "runtime/reply_ring.hpp"

#include <glovebox/detail/object_table.hpp>
#include <glovebox/detail/stub_node.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace glovebox::runtime {

/// The child's life: reads frames, runs the calls one after another, writes the replies.
class dispatcher {
 public:
  dispatcher(int channel, process::recorder_page& page, const limits& bounds = {});
  /// Serves until the parent closes the channel.
  void run();

 private:
  struct function {
    detail::stub_node* node = nullptr;
    std::string why_not;                          // why it cannot run here, when node is null
    std::uint64_t last_cost = ~std::uint64_t{0};  // of its last run [ns]
  };

  bool read_more();
  void handle(core::session::event& event);
  void define(const core::frame_view& frame);
  void serve(const core::frame_view& frame);
  template <class Run>
  void run_call(std::uint64_t id, const Run& run);
  void execute(function& what, const core::frame_view& frame);
  void operate(const core::frame_view& frame);
  bool withdrawn(std::uint64_t id);
  void answer(std::uint64_t id, std::uint64_t object, core::body_encoding encoding);
  void answer_error(std::uint64_t id);

  int channel_;
  process::recorder_page& page_;
  limits limits_;
  reply_ring ring_;
  core::session session_;
  detail::object_table objects_;
  std::unique_ptr<host> host_;
  std::vector<function> functions_;
  function operations_;              // what all operations share: how long the last one took
  std::uint64_t oldest_unsent_ = 0;  // when the oldest reply still in the ring was put there [ns]
  byte_buffer body_;                 // reused by all replies
  std::vector<attachment> attachments_;
};

}  // namespace glovebox::runtime
