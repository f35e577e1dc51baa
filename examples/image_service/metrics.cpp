// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "metrics.hpp"

#include <boost/json.hpp>

#include <array>
#include <cstdio>

namespace image_service {
namespace {

double seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

std::string number(double value) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.9g", value);
  return {text.data(), static_cast<std::size_t>(size)};
}

/// The text format: of each metric its help and its type once, then its samples.
class exposition {
 public:
  void describe(std::string_view name, std::string_view type, std::string_view help) {
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  /// `labels` with their braces. Their values need no escapes: all are names of ours.
  void sample(std::string_view name, std::string_view labels, const std::string& value) {
    text_.append(name).append(labels).append(" ").append(value).append("\n");
  }
  void single(std::string_view name, std::string_view type, std::string_view help,
              std::uint64_t value) {
    describe(name, type, help);
    sample(name, "", std::to_string(value));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_durations(exposition& out, const std::map<std::string, histogram>& durations) {
  const std::string name = "http_request_duration_seconds";
  out.describe(name, "histogram", "From a complete request to its response, by route.");
  for (const auto& [route, times] : durations) {
    const std::string label = "route=\"" + route + '"';
    for (std::size_t i = 0; i != histogram::bounds.size(); ++i)
      out.sample(name + "_bucket", '{' + label + ",le=\"" + number(histogram::bounds[i]) + "\"}",
                 std::to_string(times.count_up_to(i)));
    out.sample(name + "_bucket", '{' + label + ",le=\"+Inf\"}", std::to_string(times.count()));
    out.sample(name + "_sum", '{' + label + '}', number(times.sum()));
    out.sample(name + "_count", '{' + label + '}', std::to_string(times.count()));
  }
}

void add_pool(exposition& out, const glovebox::pool_stats& pool) {
  out.single("glovebox_pool_children", "gauge", "Children alive.", pool.children);
  out.single("glovebox_pool_running_calls", "gauge", "Calls given to children.", pool.running);
  out.single("glovebox_pool_queued_calls", "gauge", "Calls waiting for a child.", pool.queued);
  out.single("glovebox_pool_calls_total", "counter", "Calls taken.", pool.calls);
  out.single("glovebox_pool_completed_calls_total", "counter", "Calls ended.", pool.completed);
  out.single("glovebox_pool_retried_calls_total", "counter", "Calls sent again.", pool.retried);
  out.single("glovebox_pool_rejected_calls_total", "counter", "Calls that found the queue full.",
             pool.rejected);
  out.single("glovebox_pool_poisonous_calls_total", "counter",
             "Calls not run since they had killed children.", pool.poisonous);
  out.single("glovebox_pool_started_children_total", "counter", "Children started.", pool.started);
  out.single("glovebox_pool_terminated_children_total", "counter",
             "Children that ended while they were needed.", pool.terminated);
}

boost::json::object json_of(const histogram& times) {
  constexpr double milliseconds = 1000;  // of a second
  return {
      {"count", times.count()},
      {"mean",
       times.count() == 0 ? 0 : times.sum() / static_cast<double>(times.count()) * milliseconds},
      {"p50", times.quantile(0.5) * milliseconds},
      {"p90", times.quantile(0.9) * milliseconds},
      {"p99", times.quantile(0.99) * milliseconds},
      {"max", times.longest() * milliseconds}};
}

}  // namespace

void metrics::count_request(std::string_view route, int status, std::chrono::nanoseconds took) {
  const std::lock_guard lock(mutex_);
  ++requests_[{std::string(route), status}];
  durations_[std::string(route)].add(took);
}

void metrics::count_thumbnail(std::string_view outcome) {
  const std::lock_guard lock(mutex_);
  ++thumbnails_[std::string(outcome)];
}

std::string metrics::to_json(const gauges& now) const {
  const std::lock_guard lock(mutex_);
  boost::json::object requests, latency, thumbnails;
  for (const auto& [key, count] : requests_) {
    boost::json::value& sum = requests[std::to_string(key.second)];
    sum = (sum.is_null() ? 0 : sum.to_number<std::uint64_t>()) + count;
  }
  for (const auto& [route, times] : durations_) latency[route] = json_of(times);
  for (const auto& [outcome, count] : thumbnails_) thumbnails[outcome] = count;
  const boost::json::object pool{
      {"children", now.pool.children},     {"running", now.pool.running},
      {"queued", now.pool.queued},         {"calls", now.pool.calls},
      {"completed", now.pool.completed},   {"started", now.pool.started},
      {"terminated", now.pool.terminated}, {"retried", now.pool.retried},
      {"rejected", now.pool.rejected},     {"poisonous", now.pool.poisonous}};
  const boost::json::object all{{"uptime_s", seconds(std::chrono::steady_clock::now() - start_)},
                                {"connections", now.connections},
                                {"requests", requests},
                                {"thumbnails", thumbnails},
                                {"latency_ms", latency},
                                {"pool", pool}};
  return boost::json::serialize(all);
}

std::string metrics::to_prometheus(const gauges& now) const {
  exposition out;
  {
    const std::lock_guard lock(mutex_);
    out.describe("http_requests_total", "counter", "Responses, by route and status.");
    for (const auto& [key, count] : requests_)
      out.sample("http_requests_total",
                 "{route=\"" + key.first + "\",code=\"" + std::to_string(key.second) + "\"}",
                 std::to_string(count));
    add_durations(out, durations_);
    out.describe("thumbnails_total", "counter", "Uploads, by what became of them.");
    for (const auto& [outcome, count] : thumbnails_)
      out.sample("thumbnails_total", "{outcome=\"" + outcome + "\"}", std::to_string(count));
  }
  out.single("http_connections", "gauge", "Connections open.", now.connections);
  add_pool(out, now.pool);
  return out.take();
}

}  // namespace image_service
