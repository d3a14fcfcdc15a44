#include "plugins/discover/http/http_unit.hpp"

#include <array>
#include <charconv>

#include "plugins/lib/discovery/target_groups.hpp"

namespace tarsier::discover_http {
namespace {

/// "60", "0.5"
std::string seconds_text(int64_t ns) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), static_cast<double>(ns) / 1e9, std::chars_format::fixed);
  return {text.data(), end.ptr};
}

Result<void> check_url(const Config& node) {
  const std::string url = node.string();
  const size_t host = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (host == 0) return node.invalid("expected an http:// or https:// URL");
  if (url.find_first_of("/?#", host) == host || url.size() == host) return node.invalid("the URL has no host");
  return {};
}

}  // namespace

Result<Settings> HttpUnit::read(const Config& entry, const Config&) {
  if (auto checked = check_url(entry["url"]); !checked) return std::move(checked).error();
  auto options = discovery::read_http_options(entry);
  if (!options) return std::move(options).error();
  return Settings{.job_name = entry["job_name"].string(),
                  .url = entry["url"].string(),
                  .refresh_interval_ns = entry["refresh_interval"].duration_ns(),
                  .body_size_limit = entry["body_size_limit"].size_bytes(),
                  .http = std::move(*options)};
}

Result<void> HttpUnit::start() {
  http_ = ServiceRef<tarsier_http>(host_, TARSIER_HTTP_SERVICE);
  share_.claim(settings_.url);
  return rounds_.start(host_, "targets of " + settings_.job_name, settings_.refresh_interval_ns, [this] { ask(); });
}

void HttpUnit::ask() {
  const discovery::HttpQuestion question = {
      .url = settings_.url,
      .headers = {{"X-Prometheus-Refresh-Interval-Seconds", seconds_text(settings_.refresh_interval_ns)}},
      .timeout_ns = settings_.refresh_interval_ns,
      .max_body_bytes = settings_.body_size_limit};
  const auto asked = discovery::ask(host_, http_, settings_.http, question,
                                    [self = shared_from_this()](const Result<http::Response>& response) { self->take(response); });
  if (!asked) take(asked.error());
}

void HttpUnit::take(const Result<http::Response>& response) {
  rounds_.take([&] {
    auto outcome = read_answer(response);
    share_.refreshed(settings_.url, outcome ? Result<void>() : Result<void>(std::move(outcome).error().in(settings_.url)));
    return false;
  });
}

Result<void> HttpUnit::read_answer(const Result<http::Response>& response) {
  if (!response) return response.error();
  const std::string_view type = response->header("content-type");
  if (!discovery::is_json(type))
    return Error::invalid("the answer has Content-Type '" + std::string(type) + "', expected application/json");
  auto targets = discovery::parse_json_groups(response->body(), {{"__meta_url", settings_.url}});
  if (!targets) return std::move(targets).error();
  share_.set(settings_.url, std::move(*targets));
  return {};
}

}  // namespace tarsier::discover_http
