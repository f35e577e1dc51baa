// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/journal.hpp"

#include "farm/json_line.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace glovebox::farming {
namespace {

// A program that was killed while it wrote leaves half a line, which must not swallow the next.
bool ends_within_line(const std::filesystem::path& path) {
  const transport::unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode) || about.st_size == 0)
    return false;
  char last = '\n';
  return ::pread(file.get(), &last, 1, about.st_size - 1) == 1 && last != '\n';
}

}  // namespace

journal::journal(const std::filesystem::path& path, bool append) : path_(path) {
  std::error_code ignored;  // open() says it better
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  const int mode = append ? 0 : O_TRUNC;
  file_.reset(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | mode, 0666));
  opened_ = static_cast<bool>(file_);
  if (!opened_)
    failure_ = errno;
  else if (append && ends_within_line(path))
    buffer_ = "\n";
}

void journal::add(const case_record& record) {
  if (!file_) return;
  if (buffer_.size() >= most_kept) {
    ++lost_;
    return;
  }
  append_json_line(buffer_, record);
  // After a failure only the regular flushes try again.
  const bool urgent = record.cause.has_value() || buffer_.size() >= write_at;
  if (urgent && !failing_) flush();
}

void journal::flush() noexcept {
  std::size_t written = 0;
  while (file_ && written < buffer_.size()) {
    const ssize_t result = ::write(file_.get(), buffer_.data() + written, buffer_.size() - written);
    if (result < 0 && errno == EINTR) continue;
    failing_ = result < 0;
    if (failing_) {
      failure_ = errno;
      break;
    }
    written += static_cast<std::size_t>(result);
  }
  buffer_.erase(0, written);
}

void journal::close() {
  flush();
  lost_ += static_cast<std::size_t>(std::count(buffer_.begin(), buffer_.end(), '\n'));
  buffer_.clear();
  if (file_ && ::close(file_.release()) != 0 && lost_ == 0) {
    failure_ = errno;
    ++lost_;  // how many, no file system says
  }
}

std::string journal::error() const {
  if (!opened_) return "cannot open " + path_.string() + ": " + std::strerror(failure_);
  if (lost_ == 0) return {};
  return std::to_string(lost_) + " lines are missing in " + path_.string() + ": " +
         std::strerror(failure_);
}

}  // namespace glovebox::farming
