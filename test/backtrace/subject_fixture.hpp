// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/crash_record.hpp"

#include <glovebox/file_descriptor.hpp>
#include <glovebox/stack_trace.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/types.h>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::test {

/// A crash record in a memfd, as a child has it.
class record_file {
 public:
  record_file();
  int descriptor() const { return file_.get(); }
  process::crash_record& operator*() const { return *record_; }
  process::crash_record* operator->() const { return record_; }
  ~record_file();
  record_file(const record_file&) = delete;
  record_file& operator=(const record_file&) = delete;

 private:
  file_descriptor file_;
  process::crash_record* record_ = nullptr;
};

/// A process that is killed at the end of the test.
class running_program {
 public:
  /// \param from_three its descriptors from 3 on; none: -1
  running_program(std::vector<std::string> command, const std::vector<int>& from_three,
                  int output = -1);
  ~running_program();
  running_program(const running_program&) = delete;
  running_program& operator=(const running_program&) = delete;

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  /// Its exit code, or minus the signal.
  int wait();
  void kill();

 private:
  pid_t pid_ = -1;
  file_descriptor pidfd_;
  bool ended_ = false;
};

/// The program under test's subject: runs until it has something to be seen.
struct subject {
  record_file record;
  std::unique_ptr<running_program> process;

  explicit subject(const std::string& what, const char* program = nullptr);
  /// Until the thread sleeps, or runs.
  void wait_for_state(char state) const;
};

struct outcome {
  std::optional<std::vector<thread_trace>> traces;
  int exit_code = 0;
  std::chrono::microseconds until_captured{}, until_result{};
};
outcome backtrace_of_crash(pid_t pid, int pidfd, int record);
/// \param shift what is done between its start and the byte that makes it look
outcome backtrace_of_hang(pid_t pid, int pidfd);

/// The number of the line of subject.cpp that ends with this remark.
std::uint32_t line_with(const std::string& remark);

/// Whether a process that allows it may be looked at here.
boost::test_tools::assertion_result may_trace(boost::unit_test::test_unit_id);
boost::test_tools::assertion_result may_symbolise(boost::unit_test::test_unit_id);

std::string text_of(const outcome& result);

}  // namespace glovebox::test
