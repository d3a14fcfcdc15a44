#include "plugins/query/promql/api/slow_queries.hpp"

#include <array>
#include <cstdio>

namespace tarsier::promql {
namespace {

std::string decimal(int64_t ns, int digits) {
  std::array<char, 48> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.*f", digits, static_cast<double>(ns) / 1e9);
  return {text.data(), static_cast<size_t>(size)};
}

}  // namespace

std::string short_text(std::string_view text, size_t most) {
  std::string out;
  for (const char c : text.substr(0, most)) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) out.push_back(c);
    if (space && !out.empty() && out.back() != ' ') out.push_back(' ');
  }
  if (text.size() <= most) return out;
  if ((static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) {  // within a character: without its beginning
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) out.pop_back();
    if (!out.empty()) out.pop_back();
  }
  return out + "... (" + std::to_string(text.size()) + " bytes)";
}

void SlowQueries::finished(const FinishedQuery& query) const {
  const int64_t threshold = threshold_ns_.load(std::memory_order_relaxed);
  if (threshold > 0 && query.total_ns - query.queue_ns >= threshold) log(query);
}

void SlowQueries::log(const FinishedQuery& query) const {
  const QueryRequest& request = *query.request;
  const std::string text = short_text(request.expression, kMostText);
  const std::string took = decimal(query.total_ns - query.queue_ns, 3), waited = decimal(query.queue_ns, 3);
  const std::string start = decimal(request.start_ns, 3);
  const std::string end = decimal(request.step_ns > 0 ? request.end_ns : request.start_ns, 3), step = decimal(request.step_ns, 3);
  const std::string samples = std::to_string(query.samples_read), series = std::to_string(query.series_read);
  const std::string outcome = query.error == nullptr ? "ok" : query.error->message();
  host_.warn("a query was slow", {{str("query"), str(text)},
                                  {str("seconds"), str(took)},
                                  {str("waited"), str(waited)},
                                  {str("start"), str(start)},
                                  {str("end"), str(end)},
                                  {str("step"), str(step)},
                                  {str("samples"), str(samples)},
                                  {str("series"), str(series)},
                                  {str("client"), str(request.client.empty() ? std::string_view("this host") : request.client)},
                                  {str("outcome"), str(outcome)}});
}

}  // namespace tarsier::promql
