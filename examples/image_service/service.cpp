// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "service.hpp"

#include "failure.hpp"
#include "page.hpp"
#include "thumbnail.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/bind_cancellation_slot.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

namespace image_service {
namespace {

constexpr std::string_view thumbnail_path = "/thumbnail";
constexpr std::array<std::string_view, 4> pages{"/", "/stats", "/metrics", "/health"};
constexpr int default_size = 128, largest_size = 1024;  // of a thumbnail [pixels]

bool is_page(std::string_view path) {
  return std::find(pages.begin(), pages.end(), path) != pages.end();
}

// Nothing for what is no number, or none that a thumbnail can have.
std::optional<int> size_of(const std::string& query) {
  const std::optional<std::string> text = find_parameter(query, "size");
  if (!text) return default_size;
  int size = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), size);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  if (size < 1 || size > largest_size) return std::nullopt;
  return size;
}

response with_methods(response answer, std::string_view methods) {
  answer.headers.emplace_back("Allow", methods);
  return answer;
}

}  // namespace

service::service(glovebox::pool children, const service_options& options)
    : children_(std::move(children)), options_(options) {}

asio::awaitable<response> service::handle(request asked, client& from) {
  const bool is_upload = asked.path == thumbnail_path;
  if (!is_upload && !is_page(asked.path) && asked.path != "*")
    co_return error_response(404, "not_found", "there is nothing here");
  const std::string_view methods = is_upload ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
  if (asked.method == "OPTIONS") {
    response answer;
    answer.status = 204;
    co_return with_methods(std::move(answer), methods);
  }
  const bool reads = asked.method == "GET" || asked.method == "HEAD";
  if (is_upload ? asked.method != "POST" : !reads)
    co_return with_methods(error_response(405, "method_not_allowed", methods), methods);
  if (!is_upload) co_return answer_at_once(asked.path);
  co_return co_await make_thumbnail(std::move(asked), from);
}

asio::awaitable<response> service::make_thumbnail(request asked, client& from) {
  if (!asked.has_length)
    co_return error_response(411, "length_required", "neither Content-Length nor chunks");
  const std::optional<int> size = size_of(asked.query);
  if (!size)
    co_return error_response(400, "bad_size",
                             "size is a number from 1 to " + std::to_string(largest_size));
  glovebox::call_options limits;
  limits.run_timeout = options_.timeout;
  limits.timeout = options_.timeout + options_.queue_timeout;
  limits.grace = {};  // the decoder can't be told to stop
  // Nor when its client has gone: nobody wants the result, and others wait for the child.
  limits.on_abandon = glovebox::on_abandon::kill;
  const auto [error, made] = co_await children_.with(limits).call<&thumbnail>(
      std::move(asked.body), *size,
      glovebox::as_tuple(asio::bind_cancellation_slot(from.gone(), asio::use_awaitable)));
  if (error) {
    failure failed = failure_of(error);
    metrics_.count_thumbnail(failed.outcome);
    if (!failed.summary.empty()) std::clog << "thumbnail: " + failed.summary + '\n';
    co_return std::move(failed.answer);
  }
  metrics_.count_thumbnail("ok");
  response answer;
  answer.content_type = "image/png";
  answer.body = std::move(made);
  co_return answer;
}

response service::answer_at_once(std::string_view path) const {
  response answer;
  if (path == "/stats") {
    answer = json_response(200, metrics_.to_json(now()));
  } else if (path == "/metrics") {
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = metrics_.to_prometheus(now());
  } else if (path == "/health") {
    answer = json_response(200, R"({"status":"ok"})");
  } else {
    answer.content_type = "text/html; charset=utf-8";
    answer.body = std::string(page);
    // Nothing comes from elsewhere, and nothing of an upload can become code.
    answer.headers.emplace_back("Content-Security-Policy",
                                "default-src 'self'; img-src 'self' blob: data:; "
                                "style-src 'unsafe-inline'; script-src 'unsafe-inline'");
    return answer;
  }
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

metrics::gauges service::now() const {
  return {children_.stats(), count_connections()};
}

void service::answered(std::string_view path, int status, std::chrono::nanoseconds took) {
  const bool known = path == thumbnail_path || is_page(path);
  metrics_.count_request(known ? path : path.empty() ? "none" : "other", status, took);
}

}  // namespace image_service
