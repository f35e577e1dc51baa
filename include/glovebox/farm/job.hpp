// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Template support of `farm`: what a child runs for a case, and the dataset behind an interface
/// that the library's farm can be compiled against.

#include <glovebox/asio.hpp>
#include <glovebox/detail/case_reply.hpp>
#include <glovebox/detail/own_code.hpp>
#include <glovebox/farm/farm_case.hpp>
#include <glovebox/farm/farm_options.hpp>
#include <glovebox/farm/farm_report.hpp>

#include <cxxabi.h>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace glovebox::detail {

/// Measures a case, in the child.
class GLOVEBOX_API case_meter {
 public:
  explicit case_meter(bool measure_memory) noexcept;
  void finish(case_reply& reply) const noexcept;
  /// Describes the exception being handled.
  static void describe_exception(case_reply& reply);

 private:
  bool measure_memory_;
  std::uint64_t start_;
};

/// A case's function as the children run it. `Text` makes a text of what it returns; a null
/// pointer drops that.
template <auto F, auto Text>
struct farm_target {
  static constexpr std::string_view name() { return function_name<F>(); }

  template <class... A>
  static case_reply run(bool measure_memory, A&&... arguments) {
    case_reply reply;
    const case_meter meter(measure_memory);
    try {
      if constexpr (std::is_same_v<decltype(Text), std::nullptr_t>)
        static_cast<void>(std::invoke(F, std::forward<A>(arguments)...));
      else
        reply.text = std::invoke(Text, std::invoke(F, std::forward<A>(arguments)...));
    } catch (const abi::__forced_unwind&) {
      throw;
    } catch (...) {
      case_meter::describe_exception(reply);
    }
    meter.finish(reply);
    return reply;
  }
};

template <auto F, class Parameters>
struct farm_shape;
template <auto F, class... P>
struct farm_shape<F, type_list<P...>> {
  using split = split_stop<type_list<P...>>;
  static_assert(split::parameters::size == 1,
                "glovebox: the function of a farm takes one argument, the case's input (and may "
                "take a std::stop_token after it)");
  using type = shape<case_reply, void, bool, P...>;
};

/// What is told when a case's call has ended.
class GLOVEBOX_API farm_sink {
 public:
  using executor_type = asio::any_io_executor;
  explicit farm_sink(const executor_type& executor) : executor_(executor) {}
  virtual ~farm_sink();
  /// On any thread.
  virtual void ended(std::size_t slot, const std::exception_ptr& error, case_reply&& reply) = 0;
  const executor_type& executor() const noexcept { return executor_; }

 protected:
  executor_type executor_;
};

/// The handler of every case's call.
class farm_handler {
 public:
  using executor_type = farm_sink::executor_type;
  farm_handler(std::shared_ptr<farm_sink> sink, std::size_t slot)
      : sink_(std::move(sink)), slot_(slot) {}
  executor_type get_executor() const noexcept { return sink_->executor(); }
  void operator()(const std::exception_ptr& error, case_reply reply) const {
    sink_->ended(slot_, error, std::move(reply));
  }

 private:
  std::shared_ptr<farm_sink> sink_;
  std::size_t slot_;
};

/// A dataset and the function that is to run over it. Its members may throw what the dataset
/// throws.
class GLOVEBOX_API farm_job {
 public:
  virtual ~farm_job();
  virtual std::size_t size() const = 0;
  virtual std::string name(std::size_t index) const = 0;
  /// The input for records, and for files.
  virtual std::string text(std::size_t index) const = 0;
  virtual std::vector<std::byte> file(std::size_t index) const = 0;

  struct call_plan {
    call_options options;
    bool measure_memory = false;
    bool want_text = false;  // fill `text`
  };
  struct start_result {
    std::string name;
    std::string text;
  };
  /// Calls the function on a pool or a context. Where it throws, nothing was called, and what is
  /// known by then stands in `about`.
  virtual void start(std::size_t index, const std::shared_ptr<target>& on, const call_plan& plan,
                     start_result& about, farm_handler handler) const = 0;
};

template <auto F, auto Text, class Cases>
class GLOVEBOX_LOCAL typed_farm_job final : public farm_job {
  using function_shape = typename shape_of_value<F>::type;
  static_assert(!std::is_void_v<function_shape>, "glovebox: C variadic functions cannot be called");

  using call_shape_type = typename farm_shape<F, typename function_shape::parameters>::type;
  using input_type =
      std::remove_cvref_t<decltype(std::declval<const std::remove_reference_t<Cases>&>()[0].input)>;

 public:
  // `Cases` is a reference for an lvalue, which the user keeps alive, and a value otherwise.
  explicit typed_farm_job(Cases&& cases) : cases_(std::forward<Cases>(cases)) {}

  std::size_t size() const override {
    return static_cast<std::size_t>(std::as_const(cases_).size());
  }
  std::string name(std::size_t index) const override {
    auto&& chosen = std::as_const(cases_)[index];
    return std::string(std::string_view(chosen.name));
  }
  std::string text(std::size_t index) const override {
    auto&& chosen = std::as_const(cases_)[index];
    return farm_input<input_type>::text(chosen.input);
  }
  std::vector<std::byte> file(std::size_t index) const override {
    auto&& chosen = std::as_const(cases_)[index];
    return farm_input<input_type>::file(chosen.input);
  }
  void start(std::size_t index, const std::shared_ptr<target>& on, const call_plan& plan,
             start_result& about, farm_handler handler) const override {
    auto&& chosen = std::as_const(cases_)[index];
    about.name = std::string_view(chosen.name);
    if (plan.want_text) about.text = farm_input<input_type>::text(chosen.input);
    call_shape<farm_target<F, Text>, call_shape_type>(
        on, plan.options, plan.measure_memory, std::as_const(chosen.input), std::move(handler));
  }

 private:
  Cases cases_;
};

/// Who waits for a run's report.
class GLOVEBOX_API farm_waiter {
 public:
  virtual ~farm_waiter();
  virtual void complete(std::exception_ptr error, farm_report report) = 0;
};

template <class Handler>
class typed_farm_waiter final : public farm_waiter {
  using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
  using work_type = std::decay_t<decltype(asio::prefer(std::declval<executor_type>(),
                                                       asio::execution::outstanding_work.tracked))>;

 public:
  typed_farm_waiter(Handler&& handler, const asio::any_io_executor& fallback)
      : handler_(std::move(handler)),
        work_(asio::prefer(asio::get_associated_executor(handler_, fallback),
                           asio::execution::outstanding_work.tracked)) {}

  void complete(std::exception_ptr error, farm_report report) override {
    work_type work(std::move(work_));
    asio::post(work, completion{std::move(handler_), std::move(error), std::move(report)});
  }

 private:
  struct completion {
    Handler handler;
    std::exception_ptr error;
    farm_report report;
    using allocator_type = asio::associated_allocator_t<Handler>;
    allocator_type get_allocator() const noexcept {
      return asio::get_associated_allocator(handler);
    }
    void operator()() { std::move(handler)(std::move(error), std::move(report)); }
  };

  Handler handler_;
  work_type work_;
};

/// A run that can be told to end.
class GLOVEBOX_API farm_control {
 public:
  virtual ~farm_control();
  virtual void cancel() = 0;  // from any thread
};

GLOVEBOX_API std::weak_ptr<farm_control> start_farm(const asio::any_io_executor& executor,
                                                    std::shared_ptr<const farm_options> options,
                                                    std::unique_ptr<farm_job> job,
                                                    std::unique_ptr<farm_waiter> waiter);

struct initiate_farm {
  asio::any_io_executor executor;
  std::shared_ptr<const farm_options> options;

  using executor_type = asio::any_io_executor;
  executor_type get_executor() const noexcept { return executor; }

  template <class Handler>
  void operator()(Handler&& handler, std::unique_ptr<farm_job> job) const {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto control = start_farm(executor, options, std::move(job),
                              std::make_unique<typed_farm_waiter<std::decay_t<Handler>>>(
                                  std::forward<Handler>(handler), executor));
    if (slot.is_connected())
      slot.assign([control](asio::cancellation_type type) {
        if (type == asio::cancellation_type::none) return;
        if (const auto run = control.lock()) run->cancel();
      });
  }
};

}  // namespace glovebox::detail
