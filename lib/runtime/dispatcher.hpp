// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/session.hpp"
#include "process/recorder.hpp"
#include "runtime/host.hpp"
#include "runtime/misbehaviour.hpp"
#include "runtime/reply_ring.hpp"
#include "runtime/stop_control.hpp"
#include "transport/socket.hpp"

#include <glovebox/detail/callback_port.hpp>
#include <glovebox/detail/object_table.hpp>
#include <glovebox/detail/stub_node.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace glovebox::runtime {

/// The child's life: reads frames, runs the calls one after another, writes the replies. While a
/// call waits for a callback, nested calls run, and others are put off.
class dispatcher final : private detail::callback_port {
 public:
  dispatcher(int channel, process::recorder_page& page, const limits& bounds = {});
  ~dispatcher() override;
  /// Serves until the parent closes the channel.
  void run();

 private:
  struct function {
    detail::stub_node* node = nullptr;
    std::string why_not;                          // why it cannot run here, when node is null
    std::uint64_t last_cost = ~std::uint64_t{0};  // of its last run [ns]
  };

  /// A call that runs; nested ones run inside others.
  struct running_call {
    std::uint64_t id;
    // By their index, so that each is one whatever is read twice.
    std::vector<std::shared_ptr<const detail::parent_callable>> callables{};
    std::optional<misbehaviour> wrong{};
  };
  struct reply_buffers {
    byte_buffer body;
    std::vector<attachment> attachments;
  };
  /// A frame that outlives the reader's buffer.
  struct kept_frame {
    explicit kept_frame(core::frame_view& frame);
    core::frame_view view();  ///< which takes the descriptors
    core::frame_header header;
    std::vector<std::byte> body;
    std::vector<std::vector<std::byte>> attachments;
    std::vector<file_descriptor> descriptors;
  };

  const limits& bounds() const noexcept override { return limits_; }
  void check(const detail::parent_callable& to) const override;
  void run(detail::callback_exchange& exchange) override;
  std::unique_ptr<detail::object_port> make_object_port() override;
  std::shared_ptr<const detail::parent_callable> take_named(std::uint64_t name) override;
  std::stop_token stop_token() override;
  std::uint64_t copy(const copy_order& order) override;
  void live_on(const copy_order& order);
  bool owes_replies() const noexcept { return !ring_.empty() && ring_.end() != greeting_end_; }
  void send_replies();
  void tell_let_go();
  void wait_for(std::uint64_t callback);

  bool read_more();
  transport::io_result receive(std::span<std::byte> room);
  void handle(core::session::event& event);
  void define(const core::frame_view& frame);
  void serve(core::frame_view& frame);
  template <class Run>
  void run_call(std::uint64_t id, const Run& run);
  void execute(function& what, core::frame_view& frame);
  void operate(core::frame_view& frame);
  bool withdrawn(std::uint64_t id);
  [[noreturn]] void leave_unstarted(std::uint64_t id);
  std::optional<misbehaviour> take_wrong(std::uint64_t id);
  void answer(std::uint64_t id, std::uint64_t object, core::body_encoding encoding);
  void answer_error(std::uint64_t id);
  void mark_finished(std::uint64_t id);
  std::uint32_t taken() const noexcept;
  reply_buffers& buffers();

  int channel_;
  process::recorder_page& page_;
  limits limits_;
  const std::uint64_t busy_poll_;  // before it sleeps [ns]
  bool polling_pays_ = true;
  reply_ring ring_;
  core::session session_;
  detail::object_table objects_;
  std::unique_ptr<host> host_;
  std::deque<function> functions_;   // which do not move: nested calls define more
  std::size_t half_of_batch_ = 0;    // still to be run when the ring is flushed [bytes]; 0: never
  function operations_;              // what all operations share: how long the last one took
  std::uint64_t ended_at_ = 0;       // when a call ended that the next one follows at once [ns]
  std::uint64_t oldest_unsent_ = 0;  // when the oldest reply still in the ring was put there [ns]
  std::map<std::uint64_t, misbehaviour> wrong_;  // by the id of a call to come
  std::vector<running_call> running_;
  std::vector<std::unique_ptr<reply_buffers>> buffers_;  // one for each call that runs; reused
  std::size_t waiting_ = 0;                              // callbacks that are open
  std::deque<kept_frame> put_off_;                       // calls that came meanwhile
  std::map<std::uint64_t, kept_frame> returned_;
  std::uint64_t greeting_end_ = 0;     // of a copy, in its stream
  bool reborn_ = false;                // as a copy, in the middle of the call that made it
  std::optional<stop_control> stops_;  // once a call may be stopped
  const std::shared_ptr<detail::released_callables> gone_;  // the callables that were let go
};

}  // namespace glovebox::runtime
