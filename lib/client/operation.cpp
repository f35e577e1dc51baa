// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/operation.hpp>

#include <glovebox/detail/callable.hpp>
#include <glovebox/detail/context_target.hpp>
#include <glovebox/detail/describe.hpp>
#include <glovebox/detail/own_code.hpp>
#include <glovebox/detail/pool_target.hpp>

#include <asio/io_context.hpp>
#include <asio/system_executor.hpp>

#include <array>
#include <atomic>
#include <typeinfo>
#include <utility>

namespace glovebox::detail {
namespace {

// Of an io_context that must not run out of work.
using working_executor = decltype(asio::prefer(std::declval<asio::io_context::executor_type>(),
                                               asio::execution::outstanding_work.tracked));

void refuse(operation& op) {
  op.fail(std::make_exception_ptr(
      state_error("the handle is empty: it was never given a context or an object, or was moved "
                  "from")));
  op.post();
}

/// Stand for empty handles: whatever is asked of them ends with a state_error.
template <class Interface>
class no_target : public Interface {
 public:
  void submit(operation& op) override { refuse(op); }
  void stop(operation& op) override { refuse(op); }
  void cancel(std::uint64_t, asio::cancellation_type) override {}
  void release(std::uint64_t) noexcept override {}
  void close() noexcept override {}
  const asio::any_io_executor& executor() const noexcept override { return executor_; }
  std::string describe() const override { return "an empty handle"; }
  const glovebox::limits& bounds() const noexcept override { return limits_; }

 private:
  asio::any_io_executor executor_ = asio::system_executor();
  glovebox::limits limits_;
};

class no_context final : public no_target<context_target> {
 public:
  void wait_ready(operation& op) override { refuse(op); }
  void kill() noexcept override {}
  context_state state() const noexcept override { return context_state::not_started; }
  pid_t pid() const noexcept override { return 0; }
  std::string start_note() const override { return {}; }
  std::optional<termination> ended() const override { return {}; }
  context_stats stats() const override { return {}; }
  void snapshot(operation& op) override { refuse(op); }
  void roll_back(operation& op, const std::shared_ptr<context_target>&) override { refuse(op); }
  std::shared_ptr<context_target> revive() override { return nullptr; }
};

class no_pool final : public no_target<pool_target> {
 public:
  void lease(operation& op) override { refuse(op); }
  std::shared_ptr<context_target> leased(std::uint64_t) override { return nullptr; }
  void end_lease(std::uint64_t, bool) noexcept override {}
  pool_stats stats() const override { return {}; }
};

const std::shared_ptr<context_target>& nobody() {
  static const std::shared_ptr<context_target> target = std::make_shared<no_context>();
  return target;
}

}  // namespace

operation::~operation() = default;

// Most handlers run where the context's own do. Asio makes an object of what it runs, even if it
// runs it at once. (`target` does not look at the type in Asio 1.22.)
void dispatched_operation::dispatch_to(const asio::any_io_executor& executor) {
  if (executor.target_type() != typeid(working_executor) ||
      !executor.target<working_executor>()->running_in_this_thread())
    return asio::dispatch(executor, completion(*this));
  try {
    run();
  } catch (...) {
    // Asio has it leave io_context::run at the end of this turn, not what has dispatched this.
    asio::dispatch(executor,
                   [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
  }
}

void dispatched_operation::post_to(const asio::any_io_executor& executor) {
  asio::post(executor, completion(*this));
}

target::~target() = default;
// Pools have no child of their own.
void target::answer_callback(std::uint64_t, callback_answer) noexcept {}

std::uint64_t new_operation_key() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

void canceller::operator()(asio::cancellation_type type) const {
  if (const auto on = on_.lock()) on->cancel(key_, type);
}

std::shared_ptr<target> target_or_none(const std::shared_ptr<target>& on) {
  return on ? on : nobody();
}

std::shared_ptr<context_target> context_or_none(const std::shared_ptr<context_target>& on) {
  return on ? on : nobody();
}

std::shared_ptr<pool_target> pool_or_none(const std::shared_ptr<pool_target>& on) {
  static const std::shared_ptr<pool_target> none = std::make_shared<no_pool>();
  return on ? on : none;
}

std::string misplaced_object(const target* goes_to, const target* lives_in) {
  const auto name = [](const target* of) { return of ? of->describe() : "an empty handle"; };
  return "an object of " + name(lives_in) + " cannot be an argument in " + name(goes_to) +
         "; copy it with by_value, or make the call where it lives";
}

void refuse_object(encoder& out, const target& goes_to, const target* lives_in) {
  if (!lives_in) out.fail("an empty remote");
  out.fail(misplaced_object(&goes_to, lives_in));
}

void describe_text(std::string_view text, std::string& to) {
  constexpr std::size_t longest = 120;
  constexpr std::size_t shown_end = 30;
  const auto put = [&](std::string_view part) {
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        to += '\\';
        to += c;
      } else if (byte >= 0x20 && byte != 0x7f) {
        to += c;
      } else {
        constexpr std::string_view digits = "0123456789abcdef";
        to += "\\x";
        to += digits[byte >> 4];
        to += digits[byte & 15];
      }
    }
  };
  to += '"';
  if (text.size() <= longest) {
    put(text);
  } else {
    put(text.substr(0, longest - shown_end));
    to += " ... ";
    put(text.substr(text.size() - shown_end));
  }
  to += '"';
  if (text.size() > longest) to += " (" + std::to_string(text.size()) + " bytes)";
}

void describe_number(long long value, std::string& to) {
  to += std::to_string(value);
}
void describe_number(unsigned long long value, std::string& to) {
  to += std::to_string(value);
}
void describe_number(double value, std::string& to) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  to.append(digits.data(), end);
}

void describe_opaque(std::string_view type, std::string& to) {
  to += type;
  to += "{...}";
}

void describe_size(std::string_view type, std::size_t size, std::string& to) {
  to += type;
  to += " of " + std::to_string(size);
}

}  // namespace glovebox::detail
