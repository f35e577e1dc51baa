// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/farm/case_record.hpp>
#include <glovebox/farm/farm_case.hpp>
#include <glovebox/farm/farm_options.hpp>
#include <glovebox/farm/farm_report.hpp>
#include <glovebox/farm/job.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace glovebox {

/// Runs a function over a dataset in isolated children: cases in, outcomes out.
///
/// \code
/// std::vector<farm_case<std::string>> cases = ...;
/// farm_options options;
/// options.timeout = 1s;
/// options.pool.child.memory_limit = 256 << 20;
/// farm decoders(io, options);
/// farm_report report = co_await decoders.run<&decode>(cases);
/// std::cout << report.summary();
/// \endcode
///
/// Every case ends with exactly one outcome, whatever happens to children and fork server; a case
/// is blamed only for what it did itself (see `farm_options`). Each run has children of its own.
///
/// Thread safety: a farm may be used on any thread, and several runs may go on at a time. Within a
/// run the dataset and the hooks are used by one thread at a time.
class farm {
 public:
  explicit farm(asio::any_io_executor executor) : farm(std::move(executor), farm_options{}) {}
  farm(asio::any_io_executor executor, farm_options options)
      : executor_(std::move(executor)),
        options_(std::make_shared<const farm_options>(std::move(options))) {}
  template <class Context>
  requires std::is_convertible_v<Context&, asio::execution_context&>
  explicit farm(Context& io) : farm(asio::any_io_executor(io.get_executor())) {}
  template <class Context>
  requires std::is_convertible_v<Context&, asio::execution_context&> farm(Context& io,
                                                                          farm_options options)
      : farm(asio::any_io_executor(io.get_executor()), std::move(options)) {}

  /// Runs `F` on the input of every case. `F` is a function or a captureless lambda with one
  /// transferable parameter, and maybe a `std::stop_token` after it. What it returns is dropped,
  /// unless there is a `Text`, a function that makes a string of it in the child.
  ///
  /// A dataset that is an lvalue is not copied: it must live until the run's end. The last
  /// argument is the completion token, `use_awaitable` by default; its signature is
  /// `void(std::exception_ptr, farm_report)`. There is an error only if a hook threw: whatever
  /// goes wrong with cases, children and files is in the report.
  ///
  /// Cancellation: every level ends the run at once; the children are killed, the cases that have
  /// not ended are `not_run`, and the report, without an error, says `cancelled`.
  template <auto F, auto Text = nullptr, case_range Cases, class Token = asio::use_awaitable_t<>>
  [[nodiscard]] GLOVEBOX_LOCAL auto run(Cases&& cases, Token&& token = {}) const {
    std::unique_ptr<detail::farm_job> job =
        std::make_unique<detail::typed_farm_job<F, Text, Cases>>(std::forward<Cases>(cases));
    return asio::async_initiate<Token, void(std::exception_ptr, farm_report)>(
        detail::initiate_farm{executor_, options_}, token, std::move(job));
  }

  const farm_options& options() const noexcept { return *options_; }
  asio::any_io_executor get_executor() const { return executor_; }

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<const farm_options> options_;
};

}  // namespace glovebox
