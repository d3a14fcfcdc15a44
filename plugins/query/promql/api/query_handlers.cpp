// /query, /query_range, /explain_query, /format_query, /parse_query
#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/printer.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/explain_json.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/parameters.hpp"
#include "plugins/query/promql/api/query_json.hpp"
#include "plugins/query/promql/api/query_sender.hpp"
#include "plugins/query/promql/api/tree_json.hpp"
#include "plugins/query/promql/plan/time_sum.hpp"

namespace tarsier::promql {
namespace {

constexpr uint64_t kMostSteps = 11000;

/// start, end and step, which a range query must have.
std::optional<BadParameter> read_range(const http::Form& form, QueryRequest& query) {
  for (const std::string_view name : {"start", "end"}) {
    int64_t& time = name == "start" ? query.start_ns : query.end_ns;
    const auto value = read_time(form.get(name));
    if (!value) return BadParameter{std::string(name), "cannot parse " + quote(form.get(name)) + " to a valid timestamp"};
    time = *value;
  }
  if (query.end_ns < query.start_ns) return BadParameter{"end", "end timestamp must not be before start time"};
  const auto step = read_length(form.get("step"));
  if (!step) return BadParameter{"step", step.error().message()};
  if (*step <= 0)
    return BadParameter{"step", "zero or negative query resolution step widths are not accepted. Try a positive integer"};
  constexpr int64_t kMs = 1'000'000;  // times have no smaller part
  if (*step < kMs) return BadParameter{"step", "query resolution step widths below one millisecond are not accepted"};
  query.step_ns = *step / kMs * kMs;
  if (distance(query.start_ns, query.end_ns) / static_cast<uint64_t>(query.step_ns) > kMostSteps)
    return BadParameter{
        "", "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"};
  return std::nullopt;
}

/// What the parameters say, the first that is wrong first, in the order of the original.
std::optional<BadParameter> read_parameters(const http::Form& form, bool range, QueryRequest& query) {
  if (auto bad = read_limit(form, query.limit)) return bad;
  if (auto bad = range ? read_range(form, query) : read_time_parameter(form, "time", query.start_ns)) return bad;
  if (const std::string_view text = form.get("timeout"); !text.empty()) {
    const auto timeout = read_length(text);
    if (!timeout) return BadParameter{"timeout", timeout.error().message()};
    query.timeout_ns = *timeout;
  }
  if (const std::string_view text = form.get("lookback_delta"); !text.empty()) {
    const auto lookback = read_length(text);
    if (!lookback) return BadParameter{"", "error parsing lookback delta duration: " + lookback.error().message()};
    query.lookback_ns = *lookback;
  }
  query.expression = form.get("query");
  return std::nullopt;
}

}  // namespace

bool Api::read_query(const http::Form& form, bool range, QueryRequest& query, const Exchange& exchange) const {
  query.start_ns = host_.now_ns() / 1'000'000 * 1'000'000;
  const auto bad = read_parameters(form, range, query);
  if (bad) refuse(exchange, *bad);
  return !bad;
}

void Api::query(const Request& request, const Exchange& exchange, const Turn& turn) {
  answer_query(http::Form(request), false, exchange, turn);
}

void Api::query_range(const Request& request, const Exchange& exchange, const Turn& turn) {
  answer_query(http::Form(request), true, exchange, turn);
}

void Api::answer_query(const http::Form& form, bool range, const Exchange& exchange, const Turn& turn) {
  QueryRequest query;
  if (!read_query(form, range, query, exchange)) return;
  const std::string_view stats = form.get("stats");
  query.count_samples = !stats.empty();
  run(query, exchange, turn, [&](std::shared_ptr<const QueryAnswer> result) {
    QuerySender::start(host_, exchange, std::move(result), stats_of(stats), turn.place);
  });
}

/// A range query where start, end or step is given. It is evaluated as always; what it would have answered is left out.
void Api::explain_query(const Request& request, const Exchange& exchange, const Turn& turn) {
  const http::Form form(request);
  const bool range = form.has("start") || form.has("end") || form.has("step");
  const std::string_view format = form.get("format");
  if (!format.empty() && format != "json" && format != "text")
    return refuse_parameter(exchange, "format", "must be json or text, not " + quote(format));
  QueryRequest query;
  if (!read_query(form, range, query, exchange)) return;
  Explanation explanation;
  query.explanation = &explanation;
  run(query, exchange, turn, [&](const std::shared_ptr<const QueryAnswer>& result) {
    if (format == "text") return exchange.respond(200, "text/plain; charset=utf-8", explanation_text(*result, explanation));
    answer(
        exchange, [&](json::Writer& json) { write_explanation(json, *result, explanation); }, result->warnings, result->infos);
  });
}

void Api::run(QueryRequest query, const Exchange& exchange, const Turn& turn,
              const std::function<void(std::shared_ptr<const QueryAnswer>)>& on_answer) {
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  query.client = turn.client;
  query.has_place = true;
  query.queue_ns = turn.waited_ns;
  query.cancel = {const_cast<Exchange*>(&exchange),
                  [](void* user) { return static_cast<const Exchange*>(user)->cancelled() ? 1 : 0; }};
  auto answer = engine_.query(**store, query);
  if (!answer) return refuse(exchange, answer.error());
  on_answer(std::move(*answer));
}

void Api::format_query(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  auto tree = parse(form.get("query"));
  if (!tree) return refuse_parameter(exchange, "query", tree.error().message());
  answer(exchange, [&](json::Writer& json) { json.string(print_pretty(**tree)); });
}

void Api::parse_query(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  const auto tree = parse(form.get("query"));
  if (!tree) return refuse_parameter(exchange, "query", tree.error().message());
  answer(exchange, [&](json::Writer& json) { write_tree(json, **tree); });
}

}  // namespace tarsier::promql
