#include "tests/conformance/script_buckets.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What a classic histogram has at one time.
struct Classic {
  std::map<double, double> buckets;  // cumulative
  std::optional<double> count, sum;

  /// nullopt: counts that fall, or do not add up.
  std::optional<promql::FloatHistogram> native() const {
    const double total = count.value_or(buckets.empty() ? 0 : buckets.rbegin()->second);
    std::map<double, double> whole = buckets;
    whole.try_emplace(kInfinity, total);
    promql::FloatHistogram out;
    out.schema = NativeHistogram::kCustomBuckets;
    out.count = total;
    out.sum = sum.value_or(0);
    double before = 0;
    int32_t index = 0;
    for (const auto& [upper, cumulative] : whole) {
      if (cumulative < before) return std::nullopt;
      if (cumulative > before) out.positive.push_back({index, cumulative - before});
      before = cumulative;
      ++index;
      if (upper != kInfinity) out.bounds.push_back(upper);
    }
    if (before != total) return std::nullopt;
    return out;
  }
};

std::string take_label(MemoryStore::LabelSet& labels, std::string_view name) {
  std::string value;
  std::erase_if(labels, [&](const auto& label) {
    if (label.first != name) return false;
    value = label.second;
    return true;
  });
  return value;
}

}  // namespace

std::vector<ScriptSeries> native_of_classic(const std::vector<ScriptSeries>& series) {
  std::map<MemoryStore::LabelSet, std::map<size_t, Classic>> found;
  for (const ScriptSeries& one : series) {
    MemoryStore::LabelSet labels = one.labels;
    std::string name = take_label(labels, "__name__");
    const size_t underscore = std::min(name.rfind('_'), name.size());
    const std::string suffix = name.substr(underscore);
    const auto upper = suffix == "_bucket" ? promql::read_float(take_label(labels, "le")) : std::nullopt;
    if (suffix != "_count" && suffix != "_sum" && !upper) continue;
    labels.emplace_back("__name__", name.substr(0, underscore));
    std::sort(labels.begin(), labels.end());
    for (size_t i = 0; i < one.values.size(); ++i) {
      if (!one.values[i] || one.values[i]->histogram != nullptr) continue;
      Classic& classic = found[labels][i];
      const double value = one.values[i]->value;
      if (upper) classic.buckets.try_emplace(*upper, value);
      if (suffix == "_count") classic.count = value;
      if (suffix == "_sum") classic.sum = value;
    }
  }
  std::vector<ScriptSeries> out;
  for (const auto& [labels, times] : found) {
    ScriptSeries& made = out.emplace_back(ScriptSeries{labels, {}, {}});
    for (const auto& [at, classic] : times) {
      made.values.resize(at + 1);
      if (auto native = classic.native())
        made.values[at] = ScriptSample{0, std::make_shared<promql::FloatHistogram>(std::move(*native)), false};
    }
  }
  return out;
}

}  // namespace tarsier::test
