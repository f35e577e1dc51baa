// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "farm/failure_files.hpp"
#include "farm/journal.hpp"
#include "farm/ledger.hpp"
#include "farm/progress.hpp"
#include "farm/turns.hpp"

#include <glovebox/context.hpp>
#include <glovebox/farm/job.hpp>
#include <glovebox/pool.hpp>

#include <asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace glovebox::farming {

/// One run of a farm: gives the ledger's tasks to children, and its records to whoever wants them.
/// Everything happens in turn. What is under way keeps the run alive: its calls, and the
/// cancellation that was posted.
class farm_run final : public detail::farm_sink,
                       public detail::farm_control,
                       public std::enable_shared_from_this<farm_run> {
 public:
  farm_run(const asio::any_io_executor& executor, std::shared_ptr<const farm_options> options,
           std::unique_ptr<detail::farm_job> job, std::unique_ptr<detail::farm_waiter> waiter);
  void start();

  void ended(std::size_t slot, const std::exception_ptr& error,
             detail::case_reply&& reply) override;
  void cancel() override;

 private:
  using clock = std::chrono::steady_clock;

  struct slot {
    ledger::task task;
    std::string name;
    std::string text;
    pool alone;  // of one child, for a task that runs alone
  };

  void begin();
  void take(std::size_t slot, const std::exception_ptr& error, detail::case_reply&& reply);
  void refill();
  void launch(const ledger::task& task);
  void conclude(const ledger::task& task, verdict&& how, std::string&& name, std::string&& text);
  void record(case_record&& about);
  void save(const case_record& about);
  void replace_pool();
  void end_early();
  void tick();
  void finish();
  void print(const std::string& text) const;
  std::chrono::nanoseconds since_start() const { return clock::now() - started_; }

  const std::shared_ptr<const farm_options> options_;
  const std::unique_ptr<detail::farm_job> job_;
  std::unique_ptr<detail::farm_waiter> waiter_;  // null: the run has ended
  detail::farm_job::call_plan plan_;
  ledger ledger_;
  journal journal_;
  failure_files files_;
  progress progress_;
  farm_report report_;
  std::exception_ptr hook_failure_;
  pool pool_;
  std::vector<slot> slots_;
  std::vector<std::size_t> free_slots_;
  std::optional<asio::steady_timer> timer_;
  turns turns_;
  clock::time_point started_{};
};

}  // namespace glovebox::farming
