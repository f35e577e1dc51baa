// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "client/backtracer.hpp"
#include "client/completions.hpp"
#include "client/lineage.hpp"
#include "client/output_feed.hpp"
#include "client/output_tail.hpp"
#include "client/poller.hpp"
#include "client/server_link.hpp"
#include "client/service.hpp"
#include "core/classify.hpp"
#include "core/deadlines.hpp"
#include "core/out_queue.hpp"
#include "core/session.hpp"
#include "core/snapshot_plan.hpp"
#include "process/process_handle.hpp"
#include "process/recorder.hpp"
#include "runtime/child_thread.hpp"

#include <glovebox/context_options.hpp>
#include <glovebox/detail/callable.hpp>
#include <glovebox/detail/context_target.hpp>
#include <glovebox/testing.hpp>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace glovebox::client {

/// One child, seen from the parent: joins the session, the recorder, the process and the clock.
///
/// Everything is behind one mutex; nothing of the user's runs under it. One thread at a time pumps:
/// it reads, lets the session interpret, and judges what has happened; other threads only leave a
/// mark that it must look again. Outcomes are collected and resumed after the mutex is released.
/// Of several contexts the mutexes are taken in this order: a life's, then those of the snapshots
/// that it can go back to, or the next life's; the lineage's is the last.
///
/// Order on death (design rule): the exit is known, then the channel is drained, then the replies
/// left in the recorder's ring are taken, then the evidence is classified, then calls complete.
class context_impl final : public detail::context_target, public child_watcher, public participant {
 public:
  context_impl(asio::any_io_executor executor, context_options options);
  ~context_impl() override;
  /// Starts the child. Never throws: what fails ends the context.
  void launch();

  // ---- target
  void submit(detail::operation& op) override;
  void cancel(std::uint64_t key, asio::cancellation_type type) override;
  void release(std::uint64_t object) noexcept override;
  void answer_callback(std::uint64_t number, detail::callback_answer answer) noexcept override;
  const asio::any_io_executor& executor() const noexcept override { return executor_; }
  std::string describe() const override;
  const limits& bounds() const noexcept override { return options_.limits; }

  // ---- context_target
  void wait_ready(detail::operation& op) override;
  void stop(detail::operation& op) override;
  void kill() noexcept override;
  void close() noexcept override;
  context_state state() const noexcept override;
  pid_t pid() const noexcept override;
  std::string start_note() const override;
  std::optional<termination> ended() const override;
  context_stats stats() const override;
  void snapshot(detail::operation& op) override;
  void roll_back(detail::operation& op, const std::shared_ptr<detail::context_target>& to) override;
  std::shared_ptr<detail::context_target> revive() override;

  /// Whether the child ever was ready.
  bool was_ready() const noexcept;

  // ---- child_watcher
  void on_started(pid_t pid, transport::unique_fd pidfd, std::string note) override;
  void on_start_failed(int error, process::start_stage stage, std::string detail) override;
  void on_exited(const process::exit_status& status) override;
  void on_server_lost() override;

  // ---- participant
  void shut_down() noexcept override;

 private:
  using lock_type = std::unique_lock<std::mutex>;
  using clock = std::chrono::steady_clock;
  using time = clock::time_point;
  static constexpr time never = time::max();
  // How long the exit of a child may stay unknown after it was killed, before its calls end
  // without.
  static constexpr auto exit_wait = std::chrono::milliseconds(100);
  static constexpr std::uint32_t all_callables = ~std::uint32_t{0};

  // How long a call may run. Holds for the child also when nobody waits for the call any more.
  struct watch {
    std::chrono::nanoseconds run_timeout{};
    std::chrono::nanoseconds grace{};
    time run_limit_seen = never;  // when it was first seen running, plus its run_timeout
    bool overran = false;         // its deadline passed while it ran
  };
  struct call final : core::pending_call {
    detail::operation* op = nullptr;
    watch limits;
    time deadline = never;
  };
  struct answered {
    call* which;
    core::session::event_kind kind;
    core::frame_view frame;
  };

  struct called_back {
    std::shared_ptr<detail::callable> callee;
    detail::callback_ticket ticket;
    core::frame_view frame;
  };
  using callables = std::vector<std::shared_ptr<detail::callable>>;

  std::shared_ptr<context_impl> self() {
    return std::static_pointer_cast<context_impl>(shared_from_this());
  }

  // context_impl.cpp: life
  void try_launch();
  transport::unique_fd make_recorder();
  void set_up_recorder();
  void take_ends(transport::unique_fd channel, transport::unique_fd output);
  void feed_output();
  void start_poller();
  bool accepts_calls() const noexcept;
  bool goes_on() const;
  std::exception_ptr refusal() const;
  void kill(core::evidence::kill why, std::string detail);
  void pump(lock_type& lock, completions& done);
  void become_ready(completions& done);
  void try_stop();
  void announce(context_event::kind what, std::uint64_t lost_calls = 0,
                std::uint64_t stale_objects = 0);

  // context_end.cpp: the end of a child
  void look_at_end(lock_type& lock, completions& done);
  bool is_leaving(time now);
  void finalize(lock_type& lock, completions& done);

  // context_thread.cpp: a child that is a thread of this process
  void launch_thread();
  void end_child() noexcept;
  void look_at_thread();

  // context_calls.cpp: sending, and what calls end with
  void submit(detail::operation& op, completions& done);
  call& take_call(detail::operation& op, bool nested);
  void recycle(call& which) noexcept;
  void fill_queue(completions& done);
  void plan_fault(std::uint64_t id);
  void flush(completions& done);
  void send_now(completions& done);
  void post_flush();
  void withdraw(call& which, std::exception_ptr why, completions& done);
  bool skip(std::uint64_t id);
  void unmark(std::uint64_t id) noexcept;
  void take_answers(lock_type& lock, completions& done);
  void finish_answer(answered& one, const std::shared_ptr<detail::target>& from, completions& done,
                     std::string& broken);
  termination view_for(const call& which, const termination& end,
                       const core::call_view& view) const;
  void end_all(const termination& end, completions& done, std::vector<detail::operation*>* moved);

  // context_callbacks.cpp: what the child calls
  void keep_callables(const call& which);
  void take_callback(core::session::event& event);
  void let_go(std::uint64_t id, std::uint32_t from, std::uint32_t to, completions& done);
  void start_callback(called_back& one, const std::shared_ptr<detail::target>& from);
  void encode_callback(std::uint64_t number, const detail::callback_answer& answer);

  // context_copy.cpp: copies of the child, and the lives that go on from them
  class copy_operation;
  class snapshot_waiter;
  detail::operation* launch_copy(const std::shared_ptr<context_impl>& of,
                                 std::shared_ptr<server_link> link, const call_options& how,
                                 reference_list references);
  void watch_copy();
  bool announce_copy(std::weak_ptr<child_watcher> watcher);
  void give_copy_up() noexcept;
  copy_kit take_kit();
  void prepare_kit() noexcept;
  std::shared_ptr<lineage> lineage_if_any() const;
  void cannot_copy(const std::exception& why, lock_type& lock, completions& done);
  bool has_begun() const noexcept;
  bool is_process() const noexcept;
  void inherit(const context_impl& original);
  void know_objects(std::uint64_t last_handle);
  void note_copy(const detail::operation& order);
  void note_jail();
  static bool note_objects(const core::frame_view& frame, lineage& lives);
  void note_answer(const answered& one, lineage& lives);
  static void note_reference(lineage& lives, std::uint64_t object, std::int64_t count);
  void on_copied(std::exception_ptr failed);
  void order_copy();
  void copy_answered(const std::shared_ptr<context_impl>& copy, const std::exception_ptr& refused);

  // context_lives.cpp: the lives that go on from copies
  std::shared_ptr<lineage> lineage_here();
  std::shared_ptr<context_impl> make_sleeper();
  std::shared_ptr<context_impl> successor() const;
  std::shared_ptr<detail::target> front();
  bool has_died();
  call_options waking_up() const;
  std::uint32_t own_jails() const;
  void choose_way_back(const termination& end);
  std::shared_ptr<context_impl> way_back() const;
  void go_back(std::vector<detail::operation*> moved, completions& done);
  std::shared_ptr<context_impl> make_life(lineage& lives) const;
  void copy_into(const std::shared_ptr<context_impl>& made, reference_list references);
  void prepare_spare() noexcept;
  void keep_spare(lineage& lives) noexcept;
  void begin_copy_of(const std::shared_ptr<context_impl>& there) noexcept;
  std::shared_ptr<context_impl> take_spare() noexcept;
  void begin_life(const reference_list& references);
  std::shared_ptr<context_impl> take_latest() noexcept;
  void drop_copies() noexcept;

  // context_io.cpp: the reactor
  void read_channel(lock_type& lock, completions& done, bool to_the_end);
  bool hear_of_copy(completions& done);
  void interpret(lock_type& lock, completions& done);
  void take_ring(lock_type& lock, completions& done);
  void read_output();
  bool is_active() const noexcept;
  void arm();
  void arm_waits();
  void rest() noexcept;
  void deliver(lock_type& lock, completions& done);
  bool delivers_more() const noexcept;
  void arm_timer();
  time next_wakeup();
  bool needs_messages() const noexcept;
  void close_io() noexcept;

  // context_deadlines.cpp
  void judge_deadlines(lock_type& lock, completions& done);
  void judge(std::uint64_t id, time now, completions& done);
  void judge_running(time now, completions& done);
  void overrun(std::uint64_t id, watch& limits, time now);
  watch* watched(std::uint64_t id) noexcept;

  // context_traces.cpp: where a child that crashed or hangs was
  /// How long a child that is at its end may live on to be looked at.
  std::chrono::nanoseconds look_time() const noexcept;
  bool wants_traces() const noexcept;
  void start_tracer(backtracer::victim what, const process::crash_record* record);
  void on_trace();
  void drop_tracer() noexcept;
  void look_at_crash(time now);
  void take_crash(const process::crash_record& crash);
  void let_it_end(process::crash_record& crash) noexcept;
  bool is_traced(time now);
  void prepare_look();
  void look_at_hang(time now);
  bool is_looked_at(time now);

  mutable std::mutex lock_;
  const asio::any_io_executor executor_;
  const context_options options_;
  service* service_;

  context_state state_ = context_state::starting;
  bool down_ = false;  // the execution context is gone, or going
  bool pumping_ = false;
  bool pump_again_ = false;
  bool eof_ = false;
  bool exit_known_ = false;
  bool crash_seen_ = false;  // its record was there
  bool was_ready_ = false;
  std::atomic<bool> greets_{true};  // before it takes calls
  bool unnamed_ = false;            // the fork server has not said yet who the child is
  bool awaited_ = false;            // a copy that has not said yet who it is
  bool has_spoken_ = false;         // a copy that has, and lives
  bool stopping_ = false;           // the calls made so far are let finish
  bool shut_write_ = false;
  bool read_armed_ = false, write_armed_ = false, output_armed_ = false;
  bool write_failed_ = false;
  bool flush_posted_ = false;
  bool held_ = false;  // calls that wait for those of the handlers that run next
  bool messages_wanted_ = false;

  core::out_queue out_;
  core::session session_;
  core::evidence facts_;
  bool dumped_core_ = false;
  process::recorder recorder_;
  process::process_handle process_;  // once the fork server has told of it
  process::doomed_process doomed_;   // the life before, until there is this one's child
  std::unique_ptr<runtime::child_thread> thread_;  // instead
  std::optional<asio::posix::stream_descriptor> channel_;
  std::optional<asio::posix::stream_descriptor> output_;  // what is kept of the child's outputs
  struct ordered_copy {
    transport::unique_fd channel, output, servers_registration;
    copy_notice notice;
  };
  std::optional<ordered_copy> unwatched_;
  std::optional<asio::steady_timer> timer_;
  std::optional<poller> poller_;  // while its child may poll
  std::shared_ptr<server_link> link_;
  std::uint64_t child_ = 0;
  std::uint64_t position_ = 0;  // bytes of the child's stream that were interpreted
  std::uint64_t ahead_ = 0;     // of these, bytes taken from the ring that the channel still brings
  output_tail tail_;
  std::shared_ptr<output_feed> feed_;  // null: nobody wants the lines

  time start_limit_ = never;
  time stop_limit_ = never;
  time exit_limit_ = never;   // the channel ended, or the child was killed: the exit is due
  time news_limit_ = never;   // the child is leaving, or gone: the fork server is to say so
  time look_limit_ = never;   // a child that hangs is being looked at, until then
  time trace_limit_ = never;  // until then its end waits for what is found out about it
  time end_seen_ = never;     // when the child was seen to end, or was killed
  time timer_at_ = never;     // what the timer is armed for
  std::uint64_t timer_generation_ = 0;

  core::deadlines deadlines_;
  core::deadlines run_checks_;
  core::deadlines graces_;  // of calls that overran: the child is killed at the first
  // Calls that were given up, may run on, and have a deadline.
  std::unordered_map<std::uint64_t, watch> abandoned_;
  std::unordered_map<std::uint64_t, std::uint64_t> cancellable_;  // operation key -> call id
  std::vector<detail::operation*> ready_waiters_;
  std::vector<detail::operation*> stop_waiters_;
  std::vector<answered> answers_;
  std::vector<called_back> callbacks_;
  std::unordered_map<std::uint64_t, callables> kept_;  // call id -> what the child may keep
  std::vector<std::unique_ptr<call>> spare_calls_;
  std::optional<termination> ended_;
  std::shared_ptr<lineage> own_lineage_;   // of the first life
  std::weak_ptr<lineage> lineage_;         // of every life of a context that has snapshots
  std::shared_ptr<lineage> asleep_;        // a snapshot's: whose; it takes no calls
  std::shared_ptr<context_impl> back_to_;  // the next life goes on from there
  std::vector<detail::operation*> back_waiters_;
  std::uint64_t generation_ = 0;                  // of the handles of new objects
  std::exception_ptr refused_;                    // why the child could not be copied
  std::optional<core::snapshot_plan> snapshots_;  // with on_crash::roll_back, not asleep
  std::shared_ptr<const std::string>
      refuses_next_;  // what the next call is told instead of running
  std::uint64_t lost_calls_ = 0;
  std::vector<std::weak_ptr<context_impl>> ancestors_;  // of the child, the oldest first
  std::atomic<bool> is_over_{false};                    // for descendants, who must not lock this
  bool unwanted_ = false;   // its owner has ended it: a crash meanwhile is no reason to go back
  bool by_itself_ = false;  // a sleeping one that nobody has asked for
  std::atomic<std::uint32_t> jails_{0};  // that the child was told to enter, in all its lives
  bool inherited_ = false;               // what a copy has to know of its original
  // What the child of a copy knows, from when the order for it leaves, not under this one's lock.
  std::vector<bool> handed_definitions_;
  std::atomic<bool> handed_over_{false};  // and not taken yet
  bool unborn_ = false;  // a further copy of a sleeping one, which no life goes on in yet
  std::shared_ptr<context_impl> spare_;         // a sleeping one's: such a copy
  std::weak_ptr<context_impl> wants_spare_of_;  // what this life began from
  std::uint32_t lives_begun_ = 0;               // from this sleeping one
  std::uint64_t life_ = 0;                      // which of its context's, from 0 on
  std::atomic<int> keepers_{0};  // who has this sleeping one: its handles, and its context
  context_stats stats_;
  std::string start_note_;
  std::shared_ptr<backtracer> tracer_;
  std::vector<thread_trace> traces_;
  std::string message_;  // of the child's C library, or of its std::terminate
};

}  // namespace glovebox::client
