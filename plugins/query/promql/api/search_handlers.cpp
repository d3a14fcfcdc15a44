// /search/metric_names, /search/label_names, /search/label_values: names that are like what somebody types, as lines of JSON.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/metric_metadata.hpp"
#include "plugins/query/promql/api/search_parameters.hpp"
#include "plugins/query/promql/api/selection.hpp"
#include "plugins/query/promql/exec/labels.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kLines = "application/x-ndjson; charset=utf-8";

/// Takes names from the store and keeps the best.
class Search {
 public:
  Search(const SearchParameters& parameters, const http::Exchange& exchange)
      : exchange_(exchange), terms_(parameters.terms, parameters.taste), best_(parameters.limit, parameters.order) {}
  void take(std::string_view name) {
    constexpr uint64_t kLookEvery = 256;
    if (seen_++ % kLookEvery == 0) given_up_ = exchange_.cancelled();  // one call of the store may bring millions
    if (given_up_) return;
    if (const auto score = terms_.score(name)) best_.add(name, *score);
  }
  bool given_up() const noexcept { return given_up_; }
  search::Best& best() noexcept { return best_; }

 private:
  const http::Exchange& exchange_;
  const search::Terms terms_;
  search::Best best_;
  uint64_t seen_ = 0;
  bool given_up_ = false;
};

/// The lines of an answer, made one by one while the client takes them.
struct Lines {
  std::string_view key;  // of a name
  bool include_score = false;
  size_t batch_size = 1;
  std::vector<search::Found> found;
  std::vector<MetricMetadata> metadata;  // of each, or none at all
  std::vector<std::string> warnings;
  bool more = false;

  std::string next_batch() {
    json::Writer json;
    json.begin_object().key("results").begin_array();
    const size_t end = std::min(found.size() - at_, batch_size) + at_;
    for (; at_ < end; ++at_) {
      json.begin_object().key(key).string(found[at_].name);
      if (include_score) json.key("score").number(found[at_].score);
      if (!metadata.empty()) write_known(json, metadata[at_]);
      json.end_object();
    }
    json.end_array();
    if (!warnings.empty()) {
      json.key("warnings").begin_array();
      for (const std::string& text : warnings) json.string(text);
      json.end_array();
      warnings.clear();
    }
    json.end_object();
    return json.take() + "\n";
  }
  /// None when all are written. The first batch comes in any case.
  std::optional<std::string> next() {
    if (at_ < found.size() || !begun_) {
      begun_ = true;
      return next_batch();
    }
    if (std::exchange(closed_, true)) return std::nullopt;
    json::Writer json;
    json.begin_object().key("status").string("success").key("has_more").boolean(more).end_object();
    return json.take() + "\n";
  }

 private:
  static void write_known(json::Writer& json, const MetricMetadata& metadata) {
    for (const auto& [name, text] : {std::pair<const char*, std::string_view>("type", metadata.type),
                                     std::pair<const char*, std::string_view>("help", metadata.help),
                                     std::pair<const char*, std::string_view>("unit", metadata.unit)})
      if (!text.empty()) json.key(name).string(text);
  }
  size_t at_ = 0;
  bool begun_ = false, closed_ = false;
};

/// The first metadata of each metric, nothing where there is none.
Result<std::vector<MetricMetadata>> metadata_of(const tarsier_samples_store& store, const std::vector<search::Found>& metrics) {
  std::vector<MetricMetadata> out;
  out.reserve(metrics.size());
  for (const search::Found& metric : metrics) {
    auto all = read_metadata(store, metric.name, 1);
    if (!all) return std::move(all).error();
    auto of_it = all->find(metric.name);
    out.push_back(of_it == all->end() ? MetricMetadata{} : std::move(of_it->second.front()));
  }
  return out;
}

}  // namespace

void Api::search(const http::Form& form, const SearchKind& kind, const Exchange& exchange) {
  SearchParameters parameters;
  if (const auto bad = read_search_parameters(form, kind.endpoint, host_.now_ns(), parameters)) return refuse(exchange, *bad);
  bool include_metadata = false;
  if (kind.metadata)
    if (const auto bad = read_search_flag(form, "include_metadata", include_metadata)) return refuse(exchange, *bad);
  if (kind.label && kind.label->empty()) return refuse(exchange, 400, "bad_data", R"(missing required parameter "label")");
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  if (parameters.matchers.empty()) parameters.matchers.emplace_back();
  // The store brings names in order: then others than the first ones, and one more, need not come.
  const bool first_ones = parameters.terms.empty() && parameters.order == search::Order::kByName;
  const uint64_t ask = first_ones ? parameters.limit + 1 : 0;
  Search found(parameters, exchange);
  auto lines = std::make_shared<Lines>();
  const auto take = [](void* user, tarsier_str name) { static_cast<Search*>(user)->take(view(name)); };
  for (const auto& list : parameters.matchers) {
    const Selection selection(list, parameters.start_ns, parameters.end_ns, exchange, &lines->warnings);
    tarsier_error error = empty_error();
    const tarsier_status status =
        kind.label ? (*store)->label_values((*store)->self, str(*kind.label), &selection.raw(), ask, &found, take, &error)
                   : (*store)->label_names((*store)->self, &selection.raw(), ask, &found, take, &error);
    if (status != TARSIER_OK) return refuse(exchange, Error::from_c(status, error));
  }
  if (found.given_up()) return refuse(exchange, Error(TARSIER_CANCELLED, "the client did not wait for the search"));
  std::sort(lines->warnings.begin(), lines->warnings.end());
  lines->warnings.erase(std::unique(lines->warnings.begin(), lines->warnings.end()), lines->warnings.end());
  lines->key = kind.key;
  lines->include_score = parameters.include_score;
  lines->batch_size = parameters.batch_size;
  lines->more = found.best().more();
  lines->found = found.best().take();
  if (include_metadata) {
    auto metadata = metadata_of(**store, lines->found);
    if (!metadata) return refuse(exchange, metadata.error());
    lines->metadata = std::move(*metadata);
  }
  send_stream(exchange, 200, kLines, [lines] { return lines->next(); });
}

void Api::search_metric_names(const Request& request, const Exchange& exchange) {
  search(http::Form(request), {"metric_names", "name", std::string(kMetricName), true}, exchange);
}

void Api::search_label_names(const Request& request, const Exchange& exchange) {
  search(http::Form(request), {"label_names", "name", std::nullopt, false}, exchange);
}

void Api::search_label_values(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  search(form, {"label_values", "value", std::string(form.get("label")), false}, exchange);
}

}  // namespace tarsier::promql
