// /federate: the newest sample of the series that match[] selects, as a page that another Prometheus scrapes.
#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <span>

#include "plugins/lib/exposition/number.hpp"
#include "plugins/lib/exposition/text_writer.hpp"
#include "plugins/lib/promql/parser.hpp"
#include "plugins/query/promql/api/classic_buckets.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/federate_protobuf.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/selection.hpp"
#include "plugins/query/promql/remote_read/chunks.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr std::string_view kTextType = "text/plain; version=0.0.4; charset=utf-8; escaping=";
constexpr size_t kPieceBytes = size_t{256} << 10U;

struct Newest {
  int64_t time_ms = 0;
  double value = 0;
  std::optional<NativeHistogram> histogram;
};

/// The newest samples by labels: a series that several match[] select is there once.
struct Found {
  std::mutex mutex;
  std::map<Labels, Newest> series;

  void add(const tarsier_series& series_found) {
    const uint64_t last = series_found.sample_count - 1;
    if (series_found.sample_count == 0 || is_absent(series_found.values[last])) return;
    Newest newest{ms_of(series_found.times_ns[last]), series_found.values[last], {}};
    if (is_histogram(series_found, last)) {
      const uint32_t begin = series_found.histogram_offsets[last];
      const std::span encoded(series_found.histogram_bytes + begin, series_found.histogram_offsets[last + 1] - begin);
      NativeHistogram histogram;
      if (!decode_histogram(encoded, histogram)) return;
      newest.histogram = std::move(histogram);
    }
    Labels labels = Labels::from(series_found.labels, series_found.label_count);
    if (labels.get(kMetricName).empty()) return;
    const std::lock_guard lock(mutex);
    series.insert_or_assign(std::move(labels), std::move(newest));
  }
};

Result<void> find(const tarsier_samples_store& store, const std::vector<Matcher>& list, int64_t from_ns, int64_t now_ns,
                  const http::Exchange& exchange, Found& found, std::vector<std::string>& warnings) {
  const Selection selection(list, from_ns, now_ns, exchange, &warnings);
  tarsier_error error = empty_error();
  const tarsier_status status = store.select(
      store.self, &selection.raw(), &found,
      [](void* user, const tarsier_series* series) -> int32_t {
        static_cast<Found*>(user)->add(*series);
        return 1;
      },
      &error);
  return Result<void>::from_c(status, error);
}

/// The page as text, family by family.
class Page {
 public:
  explicit Page(Escaping escaping) : escaping_(escaping) {}

  void add(const Labels& labels, const Newest& newest) {
    // Text has no form for buckets that double; the original leaves such series out, too.
    if (newest.histogram && newest.histogram->schema != NativeHistogram::kCustomBuckets) return;
    const std::string name = plain(labels.get(kMetricName), true);
    const std::string_view type = newest.histogram ? "histogram" : "untyped";
    if (name != family_ || type != type_) {
      family_ = name;
      type_ = type;
      writer_.family(name, "", type);
    }
    names_.clear();
    texts_.clear();
    bool has_instance = false;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels.name(i) == kMetricName) continue;
      has_instance = has_instance || labels.name(i) == "instance";
      add_label(labels.name(i), labels.value(i));
    }
    if (!has_instance) add_label("instance", "");  // so that who scrapes this does not put its own there
    newest.histogram ? write_buckets(*newest.histogram, newest.time_ms) : write(family_, newest.value, newest.time_ms);
    if (text_.size() < kPieceBytes) return;
    pieces_.push_back(std::move(text_));
    text_.clear();
  }
  std::vector<std::string> finish() {
    pieces_.push_back(std::move(text_));
    return std::move(pieces_);
  }

 private:
  std::string plain(std::string_view name, bool colons) const { return escape_name(name, escaping_, colons); }
  void add_label(std::string_view name, std::string_view value) {
    names_.push_back(plain(name, false));
    texts_.push_back({{}, value});
  }
  void write(const std::string& name, double value, int64_t time_ms) {
    for (size_t i = 0; i < texts_.size(); ++i) texts_[i].name = names_[i];  // names_ has stopped growing
    writer_.sample(name, texts_, value, time_ms);
  }
  void write_buckets(const NativeHistogram& histogram, int64_t time_ms) {
    const std::vector<double> counts = classic_counts(histogram);
    std::string bound;
    add_label("le", "");
    for (size_t i = 0; i <= counts.size(); ++i) {
      const bool last = i == counts.size();
      bound = last ? "+Inf" : "";
      if (!last) exposition::append_number(bound, histogram.custom_bounds[i]);
      texts_.back().value = bound;
      write(family_ + "_bucket", last ? histogram.count : counts[i], time_ms);
    }
    texts_.pop_back();
    names_.pop_back();
    write(family_ + "_sum", histogram.sum, time_ms);
    write(family_ + "_count", histogram.count, time_ms);
  }

  const Escaping escaping_;
  std::string family_, type_;
  std::vector<std::string> names_;
  std::vector<exposition::LabelText> texts_;
  std::string text_;
  exposition::TextWriter writer_{text_};
  std::vector<std::string> pieces_;
};

}  // namespace

void Api::federate(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  std::vector<std::vector<Matcher>> lists;
  for (const std::string_view text : form.all("match[]")) {
    auto matchers = parse_selector(text);
    if (!matchers) return exchange.respond(400, kPlainText, matchers.error().message() + "\n");
    if (!matchers->empty()) lists.push_back(std::move(*matchers));  // {} selects nothing here
  }
  auto store = store_.acquire_wait();
  if (!store) return exchange.respond(503, kPlainText, store.error().message() + "\n");
  const int64_t now_ns = host_.now_ns();
  Found found;
  std::vector<std::string> warnings;
  for (const auto& list : lists) {
    const auto done = find(**store, list, now_ns - engine_.options().lookback_ns, now_ns, exchange, found, warnings);
    if (!done) return exchange.respond(500, kPlainText, done.error().message() + "\n");
  }
  told_warnings_.tell(host_, "/federate", warnings);
  std::vector<std::pair<const Labels, Newest>*> sorted;
  sorted.reserve(found.series.size());
  for (auto& one : found.series) sorted.push_back(&one);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->first.get(kMetricName) < b->first.get(kMetricName); });
  if (const FederateFormat format = read_accept(request.header("accept")); format.protobuf) {
    ProtobufPage page(format.utf8);
    for (const auto* one : sorted) {
      const auto& [labels, newest] = *one;
      page.add(labels, newest.time_ms, newest.value, newest.histogram ? &*newest.histogram : nullptr);
    }
    const std::string_view type = page.content_type();
    return send_pieces(exchange, 200, type, page.finish());
  }
  const Escaping escaping = read_escaping(request.header("accept"));
  Page page(escaping);
  for (const auto* one : sorted) page.add(one->first, one->second);
  send_pieces(exchange, 200, std::string(kTextType).append(name_of(escaping)), page.finish());
}

}  // namespace tarsier::promql
