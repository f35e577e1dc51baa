// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Copies of a child.
#include "client/context_impl.hpp"
#include "client/post_resume.hpp"
#include "runtime/copying.hpp"
#include "transport/socket.hpp"

#include <glovebox/detail/own_code.hpp>
#include <glovebox/dynamic/json_reader.hpp>

#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace glovebox::client {
namespace {

// Handles below belong to one generation of copies. No life makes that many objects.
constexpr int generation_shift = 40;

detail::request copy_request(const std::shared_ptr<detail::target>& on, const call_options& how,
                             runtime::copy_order&& order) {
  using namespace detail;
  using slots =
      choose_slots<type_list<const runtime::copy_order&>, type_list<runtime::copy_order>>::type;
  using stub_type = stub<named_target<&runtime::copy_child>, runtime::copy_made, false, slots>;
  request call;
  call.stub = &stub_type::node;
  call.options = how;
  call.copies = true;
  encode_arguments(slots{}, *on, call, std::move(order));
  return call;
}

file_descriptor owned(transport::unique_fd from) {
  return file_descriptor(from.release());
}

}  // namespace

/// The call that has a child copied, on behalf of the copy's context.
class context_impl::copy_operation final : public detail::operation {
 public:
  copy_operation(detail::request&& what, std::shared_ptr<context_impl> original,
                 std::shared_ptr<context_impl> copy)
      : operation(std::move(what), 0), original_(std::move(original)), copy_(std::move(copy)) {
    // A sleeping one does its part also when its last handle goes meanwhile.
    if (original_->asleep_) ++original_->keepers_;
  }

  void take(const detail::answer& from) override {
    const auto made = detail::result_reader<runtime::copy_made>::read(from);
    copy_->greets_ = made.runs_hooks;
    if (!copy_->asleep_) return;
    copy_->inherit(*original_);
    copy_->know_objects(made.last_handle);
    original_->copy_answered(copy_, nullptr);
  }
  void resume() override {
    const auto copy = std::move(copy_);
    const auto original = std::move(original_);
    const std::exception_ptr failed = std::move(error_);
    destroy();
    if (failed && copy->asleep_) original->copy_answered(copy, failed);
    copy->on_copied(failed);
    if (original->asleep_) original->close();
  }
  // Its context waits for it alone, and runs nothing of the user's here.
  void post() override { post_resume(original_->executor_, *this); }
  void destroy() noexcept override { delete this; }
  const std::shared_ptr<context_impl>& copy() const noexcept { return copy_; }

 private:
  ~copy_operation() override = default;

  std::shared_ptr<context_impl> original_;
  std::shared_ptr<context_impl> copy_;
};

// ---- making copies

// \returns the order, which is still to be given to the original, and then watch_copy() to be
// called; null when there will be no copy
detail::operation* context_impl::launch_copy(const std::shared_ptr<context_impl>& of,
                                             std::shared_ptr<server_link> link,
                                             const call_options& how, reference_list references) {
  completions done;
  lock_type lock(lock_);
  detail::operation* order = nullptr;
  try {
    timer_.emplace(executor_);
    start_poller();
    if (!link) throw std::runtime_error("its original has ended");
    link_ = std::move(link);
    copy_kit kit = of->take_kit();
    recorder_ = std::move(kit.recorder);
    set_up_recorder();
    runtime::copy_order what;
    what.channel = owned(std::move(kit.childs_channel));
    what.recorder = owned(std::move(kit.memory));
    what.registration = owned(std::move(kit.registration));
    what.standard_output = owned(std::move(kit.standard_output));
    what.standard_error = owned(std::move(kit.standard_error));
    what.answer_can_wait = !asleep_;
    what.last_handle = generation_ << generation_shift;
    what.references = std::move(references);
    order = new copy_operation(copy_request(of, how, std::move(what)), of, self());
    service_->enter(self());
    awaited_ = true;
    unwatched_ = {std::move(kit.channel), std::move(kit.output),
                  std::move(kit.servers_registration), copy_notice(link_)};
    return order;
  } catch (const std::exception& why) {
    if (order) order->destroy();
    cannot_copy(why, lock, done);
    return nullptr;
  }
}

// The fork server would be woken up where the copy is to be made, so it hears of it after the
// order. \returns false when the server is gone
bool context_impl::announce_copy(std::weak_ptr<child_watcher> watcher) {
  return link_->adopt(std::move(unwatched_->notice), std::move(unwatched_->servers_registration),
                      std::move(watcher), child_);
}

// What nobody has to wait for: the copy is being made meanwhile.
void context_impl::watch_copy() {
  completions done;
  lock_type lock(lock_);
  if (!unwatched_) return;  // it has failed already
  try {
    if (!announce_copy(self()))
      throw std::system_error(ECONNRESET, std::generic_category(), "the fork server died");
    take_ends(std::move(unwatched_->channel), std::move(unwatched_->output));
    unwatched_.reset();
    arm();
  } catch (const std::exception& why) {
    cannot_copy(why, lock, done);
  }
}

// One that was ordered: the server has to know whom to kill.
void context_impl::give_copy_up() noexcept {
  if (!unwatched_) return;
  try {
    if (unwatched_->servers_registration) announce_copy({});
  } catch (const std::exception&) {
    // No memory to say it: it ends when it finds nobody at its channel.
  }
  unwatched_.reset();
}

// One that was made in advance, if there is.
copy_kit context_impl::take_kit() {
  if (const auto lives = lineage_if_any()) {
    const std::lock_guard held(lives->lock);
    if (lives->kit) return *std::exchange(lives->kit, std::nullopt);
  }
  return copy_kit::make(options_);
}

// For the next copy of this child: whoever wants that one waits for nothing that can be done now.
void context_impl::prepare_kit() noexcept {
  try {
    const auto lives = lineage_if_any();
    if (!lives) return;
    const std::lock_guard held(lives->lock);
    if (!lives->kit) lives->kit = copy_kit::make(options_);
  } catch (const std::exception&) {
    // No descriptors, no memory: whoever wants it makes it, or is told.
  }
}

std::shared_ptr<lineage> context_impl::lineage_if_any() const {
  return asleep_ ? asleep_ : lineage_.lock();
}

void context_impl::cannot_copy(const std::exception& why, lock_type& lock, completions& done) {
  facts_.never_started = true;
  facts_.detail = std::string("copying a child: ") + why.what();
  finalize(lock, done);
}

// A copy has all that it needs when it has said who it is. It greets for the sake of its hooks.
bool context_impl::has_begun() const noexcept {
  return was_ready_ || (is_process() && !greets_);
}

// A copy has spoken before the fork server tells of it.
bool context_impl::is_process() const noexcept {
  return process_ || has_spoken_;
}

// What calls so far may have left in the original, and so in the copy. Before the copy takes calls.
void context_impl::inherit(const context_impl& original) {
  std::unordered_map<std::uint64_t, callables> kept;
  std::uint64_t last_call = 0, last_nested = 0;
  {
    const lock_type lock(original.lock_);
    kept = original.kept_;
    last_call = original.session_.last_call();
    last_nested = original.session_.last_nested();
  }
  const lock_type lock(lock_);
  kept_ = std::move(kept);
  // The child has seen these; and what it keeps is named by the call that brought it.
  session_.begin_after(last_call, last_nested);
  inherited_ = true;
}

// A sleeping copy knows those up to this handle.
void context_impl::know_objects(std::uint64_t last_handle) {
  const std::lock_guard held(asleep_->lock);
  for (lineage::sleeper& each : asleep_->sleepers)
    if (each.which.lock().get() == this) {
      each.answered = true;
      each.last_handle = last_handle;
    }
}

// The order to copy this child leaves now: what is given back from here on, the copy still has. Not
// under the copy's lock: who holds that of a life may wait for this one, of a snapshot.
void context_impl::note_copy(const detail::operation& order) {
  const auto& copy = static_cast<const copy_operation&>(order).copy();
  const std::shared_ptr<lineage> lives = lineage_.lock();
  copy->handed_definitions_ = session_.definitions();
  copy->handed_over_.store(true, std::memory_order_release);
  std::uint32_t known = copy->jails_;
  while (known < jails_ && !copy->jails_.compare_exchange_weak(known, jails_)) {
  }
  if (!copy->asleep_ || !lives) return;
  const std::lock_guard held(lives->lock);
  std::erase_if(lives->sleepers, [](const auto& each) { return each.which.expired(); });
  lives->sleepers.emplace_back().which = copy;
}

// From now on the context must not go back to where its child was not confined yet.
void context_impl::note_jail() {
  ++jails_;
  if (const std::shared_ptr<lineage> lives = lineage_.lock()) {
    const std::lock_guard held(lives->lock);
    lives->jails = std::max(lives->jails, jails_.load());
  }
}

void context_impl::note_reference(lineage& lives, std::uint64_t object, std::int64_t count) {
  const std::lock_guard held(lives.lock);
  for (lineage::sleeper& each : lives.sleepers)
    if (count < 0 || each.answered) each.since.add(object, count);
}

// What the parent holds from now on. \returns whether there is anything
bool context_impl::note_objects(const core::frame_view& frame, lineage& lives) {
  bool any = false;
  const auto note = [&](std::uint64_t object) {
    note_reference(lives, object, 1);
    any = true;
  };
  const core::frame_header& header = frame.header;
  if (header.kind == core::frame_kind::reply && header.object != 0) note(header.object);
  if (header.kind != core::frame_kind::error && header.encoding == core::body_encoding::json)
    for (const std::uint64_t object : detail::references_in(frame.body)) note(object);
  return any;
}

// Under no lock, after each answer in its turn, of a context that has snapshots.
void context_impl::note_answer(const answered& one, lineage& lives) {
  const bool brought_objects = note_objects(one.frame, lives);
  const detail::request& what = one.which->op->request();
  if (!snapshots_ || what.copies) return;
  const lock_type lock(lock_);
  // What a later life could not know, it must not lose without a word.
  snapshots_->answered(!what.pure || brought_objects);
}

// Under no lock. The fork server tells of a copy that was made.
void context_impl::on_copied(std::exception_ptr failed) {
  completions done;
  lock_type lock(lock_);
  if (down_ || state_ == context_state::terminated) return;
  if (!failed || (was_ready_ && inherited_)) {
    if (has_begun())
      become_ready(done);
    else if (state_ == context_state::starting)
      start_limit_ = clock::now() + options_.start_timeout;
    arm();
    deliver(lock, done);
    return;
  }
  refused_ = failed;
  facts_.never_started = true;
  facts_.detail = "copying a child: ";
  try {
    std::rethrow_exception(failed);
  } catch (const std::exception& why) {
    facts_.detail += why.what();
  }
  exit_known_ = true;
  pump(lock, done);
  deliver(lock, done);
}

// ---- copies that are made by themselves

// Under the lock, between two calls that are sent. The order goes before the calls that wait.
void context_impl::order_copy() {
  const time now = clock::now();
  snapshots_->ordered(now.time_since_epoch().count());
  try {
    const std::shared_ptr<context_impl> copy = make_sleeper();
    copy->by_itself_ = true;
    if (detail::operation* const order = copy->launch_copy(self(), link_, {}, {})) {
      asio::post(executor_, [self = self(), copy] {
        copy->watch_copy();
        self->prepare_kit();
      });
      take_call(*order, true);
      return;
    }
  } catch (const std::exception& why) {
    // No memory, no descriptors, too many generations: a later one may be made.
    if (const auto lives = lineage_.lock()) {
      const std::lock_guard held(lives->lock);
      lives->refused = why.what();
    }
  }
  snapshots_->refused(now.time_since_epoch().count());
}

// Under no lock. What the child has answered to the order to copy itself; copies by hand count,
// too.
void context_impl::copy_answered(const std::shared_ptr<context_impl>& copy,
                                 const std::exception_ptr& refused) {
  std::shared_ptr<context_impl> older;
  completions done;
  {
    const lock_type lock(lock_);
    const auto lives = lineage_.lock();
    if (!snapshots_ || !lives || down_ || state_ == context_state::terminated) return;
    const auto now = clock::now().time_since_epoch().count();
    std::unique_lock held(lives->lock);
    if (!refused) {
      ++copy->keepers_;
      older = std::exchange(lives->latest, copy);
      lives->refused.clear();
      copy->by_itself_ ? snapshots_->made(now) : snapshots_->made_by_hand();
    } else {
      if (copy->by_itself_) snapshots_->refused(now);
      try {
        std::rethrow_exception(refused);
      } catch (const std::exception& why) {
        lives->refused = why.what();
      }
    }
    held.unlock();
    if (refused) {  // calls may have waited for it
      fill_queue(done);
      flush(done);
      arm();
    }
  }
  if (older) older->close();
}

}  // namespace glovebox::client
