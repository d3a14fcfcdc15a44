#include "plugins/forward/remote_write/answer.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace tarsier::forward {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kLongestS = 3600;  // a typing error of theirs must not stop us for a year
constexpr size_t kMaxText = 256;

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Written> read_written(const http::Response& response) {
  const auto samples = number(response.header("x-prometheus-remote-write-samples-written"));
  const auto histograms = number(response.header("x-prometheus-remote-write-histograms-written"));
  const auto exemplars = number(response.header("x-prometheus-remote-write-exemplars-written"));
  if (!samples && !histograms && !exemplars) return std::nullopt;
  return Written{samples.value_or(0), histograms.value_or(0), exemplars.value_or(0)};
}

std::string text_of(const http::Response& response) {
  std::string_view body = response.body().substr(0, kMaxText);
  while (!body.empty() && (body.back() == '\n' || body.back() == '\r')) body.remove_suffix(1);
  const std::string_view location = response.header("location");
  return "the receiver answered " + std::to_string(response.code()) +
         (location.empty() ? "" : " (to be found at " + std::string(location.substr(0, kMaxText)) + ")") +
         (body.empty() ? "" : ": " + std::string(body));
}

}  // namespace

int64_t retry_after_ns(std::string_view text, int64_t now_ns) {
  if (const auto seconds = number(text)) return static_cast<int64_t>(std::min<uint64_t>(*seconds, kLongestS)) * kSecondNs;
  std::tm parts{};
  const std::string date(text);
  const char* const end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return 0;
  return std::clamp<int64_t>(::timegm(&parts) - now_ns / kSecondNs, 0, kLongestS) * kSecondNs;
}

Answer judge(const Result<http::Response>& response, const EndpointSettings& settings, int64_t now_ns) {
  if (!response) return {.verdict = Verdict::retry, .what = response.error().message()};
  Answer answer{.verdict = Verdict::done, .code = response->code(), .duration_ns = response->duration_ns()};
  answer.written = read_written(*response);
  const uint32_t kind = answer.code / 100;
  if (kind == 2) return answer;
  answer.what = text_of(*response);
  const bool busy = answer.code == 429;
  if (kind == 4 && !(busy && settings.sending.retry_on_http_429)) {
    answer.verdict = Verdict::refused;
    if (answer.code == 415 && settings.message == Message::request_v2)
      answer.what += "; it does not take remote write 2.0: set protobuf_message = \"prometheus.WriteRequest\"";
    return answer;
  }
  // A redirect, which is not followed, and the like: nothing says that the samples are no good.
  answer.verdict = Verdict::retry;
  answer.retry_after_ns = retry_after_ns(response->header("retry-after"), now_ns);
  return answer;
}

}  // namespace tarsier::forward
