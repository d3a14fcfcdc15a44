#include "tests/conformance/script_histogram.hpp"

#include <algorithm>
#include <string>

#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/numeric.hpp"

namespace tarsier::test {
namespace {

using promql::BucketCounts;
using promql::FloatHistogram;

constexpr double kTolerance = 1e-6;

struct Described {
  FloatHistogram histogram;
  bool hint_given = false;
};

Result<double> number(std::string_view text) {
  if (const auto value = promql::read_number(text)) return *value;
  return Error::invalid("not a number: " + std::string(text));
}

Result<std::vector<double>> numbers(std::string_view text) {
  std::vector<double> out;
  while (true) {
    const size_t first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return out;
    const size_t end = std::min(text.find(' ', first), text.size());
    auto value = number(text.substr(first, end - first));
    if (!value) return std::move(value).error();
    out.push_back(*value);
    text.remove_prefix(end);
  }
}

Result<CounterReset> hint(std::string_view text) {
  if (text == "unknown") return CounterReset::unknown;
  if (text == "reset") return CounterReset::yes;
  if (text == "not_reset") return CounterReset::no;
  if (text == "gauge") return CounterReset::gauge;
  return Error::invalid("not a counter reset hint: " + std::string(text));
}

/// Reads the keys between {{ and }}.
class Reader {
 public:
  Result<Described> read(std::string_view text) {
    while (true) {
      const size_t first = text.find_first_not_of(' ');
      if (first == std::string_view::npos) break;
      const size_t colon = text.find(':', first);
      if (colon == std::string_view::npos) return Error::invalid("a key of a histogram without value: " + std::string(text));
      const std::string_view key = text.substr(first, colon - first);
      const bool list = colon + 1 < text.size() && text[colon + 1] == '[';
      const size_t from = colon + (list ? 2 : 1);
      const size_t end = std::min(text.find(list ? ']' : ' ', from), text.size());
      if (auto taken = take(key, text.substr(from, end - from)); !taken) return std::move(taken).error();
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    place(positive_, offset_, made_.histogram.positive);
    place(negative_, negative_offset_, made_.histogram.negative);
    return std::move(made_);
  }

 private:
  Result<void> take(std::string_view key, std::string_view value) {
    if (key == "buckets" || key == "n_buckets" || key == "custom_values") {
      auto read = numbers(value);
      if (!read) return std::move(read).error();
      (key == "buckets" ? positive_ : key == "n_buckets" ? negative_ : made_.histogram.bounds) = std::move(*read);
      return {};
    }
    if (key == "counter_reset_hint") {
      auto read = hint(value);
      if (!read) return std::move(read).error();
      made_.histogram.counter_reset = *read;
      made_.hint_given = true;
      return {};
    }
    auto read = number(value);
    if (!read) return std::move(read).error();
    if (key == "schema") return made_.histogram.schema = static_cast<int32_t>(*read), Result<void>{};
    if (key == "offset") return offset_ = static_cast<int32_t>(*read), Result<void>{};
    if (key == "n_offset") return negative_offset_ = static_cast<int32_t>(*read), Result<void>{};
    if (key == "sum") return made_.histogram.sum = *read, Result<void>{};
    if (key == "count") return made_.histogram.count = *read, Result<void>{};
    if (key == "z_bucket") return made_.histogram.zero_count = *read, Result<void>{};
    if (key == "z_bucket_w") return made_.histogram.zero_threshold = *read, Result<void>{};
    return Error::invalid("not a key of a histogram: " + std::string(key));
  }

  static void place(const std::vector<double>& counts, int32_t offset, BucketCounts& out) {
    for (const double count : counts) out.push_back({offset++, count});
  }

  Described made_;
  std::vector<double> positive_, negative_;
  int32_t offset_ = 0, negative_offset_ = 0;
};

Result<Described> take_histogram(std::string_view& text) {
  const size_t end = text.find("}}");
  if (end == std::string_view::npos) return Error::invalid("a histogram without end: " + std::string(text));
  auto read = Reader().read(text.substr(2, end - 2));
  text.remove_prefix(end + 2);
  return read;
}

bool same_buckets(BucketCounts expected, BucketCounts found) {
  const auto empty = [](const auto& bucket) { return bucket.count == 0; };
  std::erase_if(expected, empty);
  std::erase_if(found, empty);
  return std::equal(expected.begin(), expected.end(), found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.index == b.index && promql::almost_equal(a.count, b.count, kTolerance);
  });
}

}  // namespace

Result<void> read_histograms(std::string_view& text, std::vector<std::optional<ScriptSample>>& out) {
  auto first = take_histogram(text);
  if (!first) return std::move(first).error();
  FloatHistogram now = std::move(first->histogram);
  std::optional<FloatHistogram> step;
  bool falls = false;
  if (text.size() > 2 && (text[0] == '+' || text[0] == '-') && text[1] == '{') {
    falls = text[0] == '-';
    text.remove_prefix(1);
    auto read = take_histogram(text);
    if (!read) return std::move(read).error();
    step = std::move(read->histogram);
    if (!now.custom() && step->schema < now.schema) reduce_resolution(now, step->schema);
  }
  size_t repeat = 0;
  if (!text.empty() && text[0] == 'x') {
    const size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    repeat = std::stoul(std::string(text.substr(1, end - 1)));
    text.remove_prefix(end);
  }
  for (size_t i = 0; i <= repeat; ++i) {
    if (i > 0 && step) {
      if (!(falls ? subtract(now, *step) : add(now, *step))) return Error::invalid("histograms that do not go together");
      compact(now);
    }
    out.emplace_back(ScriptSample{0, std::make_shared<FloatHistogram>(now), first->hint_given});
  }
  return {};
}

bool same_histogram(const ScriptSample& expected, const FloatHistogram& found) {
  const FloatHistogram& wanted = *expected.histogram;
  const auto near = [](double a, double b) { return promql::almost_equal(a, b, kTolerance); };
  return wanted.schema == found.schema && near(wanted.count, found.count) && near(wanted.sum, found.sum) &&
         wanted.bounds == found.bounds && wanted.zero_threshold == found.zero_threshold &&
         near(wanted.zero_count, found.zero_count) && same_buckets(wanted.positive, found.positive) &&
         same_buckets(wanted.negative, found.negative) && (!expected.hint_given || wanted.counter_reset == found.counter_reset);
}

}  // namespace tarsier::test
