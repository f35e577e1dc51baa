// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "results.hpp"

#include <boost/json.hpp>

#include <cerrno>
#include <fstream>
#include <numeric>
#include <system_error>

namespace image_farm {
namespace {

namespace json = boost::json;
using glovebox::outcome;

constexpr std::size_t fewest_cases = 5000;
constexpr std::size_t most_unstable = 5;

void pad(std::string& text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
}

json::array planted_json(const std::vector<planted_result>& planted) {
  json::array all;
  for (const planted_result& each : planted) {
    json::object entry{{"name", each.name},
                       {"expected", to_string(each.expected)},
                       {"got", to_string(each.got.outcome)},
                       {"right", each.got.outcome == each.expected},
                       {"message", each.got.message}};
    if (each.got.cause) {
      entry["cause"] = to_string(*each.got.cause);
      entry["phase"] = to_string(each.got.phase);
    }
    all.push_back(std::move(entry));
  }
  return all;
}

// A field a line, and a line for each entry of a list: for people and for diff.
std::string in_lines(const json::object& fields) {
  std::string text = "{";
  std::string_view separator = "\n";
  for (const auto& field : fields) {
    text += separator;
    text += "  " + json::serialize(json::string(field.key())) + ": ";
    if (field.value().is_array() && !field.value().get_array().empty()) {
      std::string_view between = "[\n    ";
      for (const json::value& entry : field.value().get_array()) {
        text += between;
        text += json::serialize(entry);
        between = ",\n    ";
      }
      text += "\n  ]";
    } else {
      text += json::serialize(field.value());
    }
    separator = ",\n";
  }
  return text + "\n}\n";
}

}  // namespace

std::string planted_table(const std::vector<planted_result>& planted) {
  std::string text = "planted fault       expected            got                 message\n";
  for (const planted_result& each : planted) {
    std::string line = each.name;
    pad(line, 20);
    line += to_string(each.expected);
    pad(line, 40);
    line += to_string(each.got.outcome);
    pad(line, 60);
    line += each.got.message.substr(0, 40);
    text += line + '\n';
  }
  return text;
}

void write_report(const std::filesystem::path& file, const settings& chosen, const results& found) {
  const glovebox::farm_report& report = found.report;
  json::object outcomes;
  for (const outcome which : glovebox::all_outcomes) outcomes[to_string(which)] = report.count(which);
  json::array unstable(found.unstable.begin(), found.unstable.end());
  const std::chrono::duration<double> elapsed = report.elapsed;
  const json::object fields{
      {"total", report.total()},
      {"outcomes", std::move(outcomes)},
      {"planted", planted_json(found.planted)},
      {"verified", found.verified},
      {"unstable", std::move(unstable)},
      {"cases_sha256", found.cases_sha256},
      {"stb_image_sha256", found.stb_image_sha256},
      {"images", chosen.images.string()},
      {"children", chosen.children},
      {"seed", chosen.seed},
      {"timeout_ms", chosen.timeout.count()},
      {"elapsed_s", elapsed.count()},
      {"cases_run_again", report.reruns},
  };
  errno = 0;
  std::ofstream out(file, std::ios::trunc);
  out << in_lines(fields);
  out.close();
  if (!out)
    throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(),
                            "cannot write " + file.string());
}

std::vector<std::string> shortcomings(const results& found) {
  std::vector<std::string> list;
  const glovebox::farm_report& report = found.report;
  const std::size_t sum =
      std::accumulate(report.counts.begin(), report.counts.end(), std::size_t{0});
  if (report.total() < fewest_cases)
    list.push_back("only " + std::to_string(report.total()) + " cases, not " +
                   std::to_string(fewest_cases));
  if (sum != report.total())
    list.push_back("the outcomes sum up to " + std::to_string(sum) + ", not to " +
                   std::to_string(report.total()));
  if (report.count(outcome::timed_out) == 0) list.push_back("no hang was found");
  if (report.cancelled) list.push_back("cancelled");
  for (const std::string* const problem :
       {&report.gave_up, &report.journal_error, &report.save_error})
    if (!problem->empty()) list.push_back(*problem);
  for (const planted_result& each : found.planted)
    if (each.got.outcome != each.expected)
      list.push_back("the planted fault " + each.name + " ended as " +
                     std::string(to_string(each.got.outcome)));
  if (found.unstable.size() > most_unstable)
    list.push_back(std::to_string(found.unstable.size()) + " cases differ between two runs");
  return list;
}

}  // namespace image_farm
