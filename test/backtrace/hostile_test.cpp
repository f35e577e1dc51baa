// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/backtrace_programs.hpp"
#include "backtrace/subject_fixture.hpp"
#include "support/dice.hpp"
#include "support/long_run.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace glovebox::test;
using boost::unit_test::precondition;
namespace fs = std::filesystem;

// A record that is a lie; of a process that is gone.
struct hostile_record {
  fs::path folder;
  record_file record;
  subject ended{"crash"};  // what it has left is a good beginning

  hostile_record() {
    std::string made = (fs::temp_directory_path() / "glovebox-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(made.data()));
    folder = made;
    ended.process->kill();
    take_back();
  }
  ~hostile_record() { fs::remove_all(folder); }

  void take_back() { std::memcpy(static_cast<void*>(&*record), &*ended.record, sizeof *record); }
  std::string maps() const { return {ended.record->maps, ended.record->maps_size}; }
  void set_maps(const std::string& text) {
    record->maps_size = static_cast<std::uint32_t>(text.copy(record->maps, sizeof record->maps));
  }
  // The subject's own file is another one, which has the inode it should have.
  void replace_module(const fs::path& file) {
    struct stat from {
    }, to{};
    BOOST_REQUIRE(::stat(subject_program, &from) == 0);
    BOOST_REQUIRE(::stat(file.c_str(), &to) == 0);
    const std::string old_inode = " " + std::to_string(from.st_ino) + " ";
    const std::string new_inode = " " + std::to_string(to.st_ino) + " ";
    std::string text, line;
    for (std::istringstream lines(maps()); std::getline(lines, line); text += line + "\n") {
      const std::size_t path = line.find(subject_program);
      if (path == line.npos || !line.ends_with(subject_program)) continue;
      line.replace(path, line.npos, file.string());
      const std::size_t inode = line.find(old_inode);
      if (inode != line.npos) line.replace(inode, old_inode.size(), new_inode);
    }
    set_maps(text);
  }
  // Whatever the record holds, there is an answer.
  outcome look() {
    outcome result =
        backtrace_of_crash(ended.process->pid(), ended.process->pidfd(), record.descriptor());
    BOOST_TEST_INFO_SCOPE(text_of(result));
    BOOST_TEST(result.exit_code == 0);
    BOOST_REQUIRE(result.traces);
    BOOST_REQUIRE(!result.traces->empty());
    return result;
  }
};

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

BOOST_FIXTURE_TEST_CASE(no_record, hostile_record) {
  std::memset(static_cast<void*>(&*record), 0, sizeof *record);
  BOOST_TEST(look().traces->front().note != "");
}

BOOST_FIXTURE_TEST_CASE(a_module_that_is_gone, hostile_record, *precondition(may_symbolise)) {
  set_maps([&] {
    std::string text = maps();
    for (std::size_t at = 0; (at = text.find(subject_program, at)) != text.npos;)
      text.replace(at, std::strlen(subject_program), (folder / "gone").string());
    return text;
  }());
  const outcome result = look();
  const auto& trace = result.traces->front();
  BOOST_TEST(trace.frames.at(0).module == (folder / "gone").string());
  BOOST_TEST(trace.frames.at(0).offset == 0u);
  BOOST_TEST(trace.note.find("No such file") != trace.note.npos);
}

BOOST_FIXTURE_TEST_CASE(a_module_that_was_replaced, hostile_record, *precondition(may_symbolise)) {
  fs::copy(subject_program, folder / "copy");
  std::string text = maps();
  for (std::size_t at = 0; (at = text.find(subject_program, at)) != text.npos;)
    text.replace(at, std::strlen(subject_program), (folder / "copy").string());
  set_maps(text);
  const outcome result = look();
  const auto& trace = result.traces->front();
  BOOST_TEST(trace.frames.at(0).function == "");
  BOOST_TEST(trace.note.find("was replaced") != trace.note.npos);
}

BOOST_FIXTURE_TEST_CASE(a_fifo_as_a_module, hostile_record, *precondition(may_symbolise)) {
  BOOST_REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  replace_module(folder / "fifo");
  const outcome result = look();
  BOOST_TEST(result.traces->front().note.find("no regular file") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(damaged_modules, hostile_record) {
  const std::string good = content_of(subject_program);
  for (const std::uint32_t seed : seeds(repetitions(600, 60))) {
    dice random(seed);
    std::string bad = good;
    if (random.one_in(4)) bad.resize(random.below(bad.size()));
    // Mostly where headers, tables and debug information are.
    for (std::size_t n = random.below(200); n != 0 && !bad.empty(); --n) {
      const std::size_t end =
          random.one_in(2) ? std::min<std::size_t>(1024, bad.size()) : bad.size();
      bad[random.below(end)] = static_cast<char>(random.below(256));
    }
    if (random.one_in(2)) bad.replace(0, std::min<std::size_t>(20, bad.size()), good, 0, 20);
    std::ofstream(folder / "module", std::ios::binary) << bad;
    replace_module(folder / "module");
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    look();
  }
}

BOOST_FIXTURE_TEST_CASE(random_records, hostile_record) {
  for (const std::uint32_t seed : seeds(repetitions(1500, 150))) {
    dice random(seed);
    take_back();
    auto* const bytes = reinterpret_cast<std::byte*>(&*record);
    if (random.one_in(3)) {
      const std::vector<std::byte> noise = random.some(sizeof *record);
      std::memcpy(static_cast<void*>(bytes), noise.data(), noise.size());
    } else {
      for (std::uint64_t& each : record->registers)
        if (random.one_in(6)) std::memcpy(&each, random.some(sizeof each).data(), sizeof each);
      for (std::size_t n = random.below(2000); n != 0; --n)
        bytes[random.below(sizeof *record)] = static_cast<std::byte>(random.below(256));
    }
    record->waits = random.one_in(2);
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    look();
  }
}

}  // namespace
