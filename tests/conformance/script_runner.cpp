#include "tests/conformance/script_runner.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <regex>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/engine.hpp"
#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/histogram/text.hpp"

namespace tarsier::test {
namespace {

using promql::Column;
using promql::QueryAnswer;
using promql::ValueType;

constexpr double kTolerance = 1e-6;

bool same(double expected, double found) {
  if (promql::is_absent(expected)) return promql::is_absent(found);
  return promql::almost_equal(expected, found, kTolerance);
}

bool fits(const TextCheck& check, const std::string& text) {
  switch (check.kind) {
    case TextCheck::Kind::kAny:
      return true;
    case TextCheck::Kind::kExact:
      return check.text == text;
    case TextCheck::Kind::kRegex:
      return std::regex_search(text, std::regex(check.text));
  }
  return false;
}

std::string show(const MemoryStore::LabelSet& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels) out += (out.size() > 1 ? ", " : "") + name + "=" + promql::quote(value);
  return out + "}";
}

MemoryStore::LabelSet plain(const promql::Labels& labels) {
  MemoryStore::LabelSet out;
  for (size_t i = 0; i < labels.size(); ++i) out.emplace_back(labels.name(i), labels.value(i));
  return out;
}

std::string check_texts(std::string_view what, const std::vector<TextCheck>& expected, bool none,
                        const std::vector<std::string>& found) {
  if (none && !found.empty()) return "expected no " + std::string(what) + ", got " + found.front();
  if (expected.empty()) return {};
  if (found.empty()) return "expected a " + std::string(what);
  for (const TextCheck& check : expected)
    if (std::none_of(found.begin(), found.end(), [&](const auto& text) { return fits(check, text); }))
      return "no " + std::string(what) + " is " + check.text + ", got " + found.front();
  for (const std::string& text : found)
    if (std::none_of(expected.begin(), expected.end(), [&](const auto& check) { return fits(check, text); }))
      return "unexpected " + std::string(what) + " " + text;
  return {};
}

/// One sample that was found or expected.
struct Point {
  int64_t time_ns;
  ScriptSample sample;
};
using Points = std::vector<Point>;

std::string show(const ScriptSample& sample) {
  return sample.histogram != nullptr ? promql::write_histogram(*sample.histogram) : promql::write_number(sample.value);
}

bool same(const ScriptSample& expected, const ScriptSample& found) {
  if ((expected.histogram == nullptr) != (found.histogram == nullptr)) return false;
  return expected.histogram != nullptr ? same_histogram(expected, *found.histogram) : same(expected.value, found.value);
}

std::string compare_points(const Eval& eval, const ScriptSeries& expected, const Points& found) {
  Points wanted;
  for (size_t i = 0; i < expected.values.size(); ++i)
    if (expected.values[i]) wanted.push_back({eval.start_ns + static_cast<int64_t>(i) * eval.step_ns, *expected.values[i]});
  if (wanted.size() != found.size())
    return show(expected.labels) + ": expected " + std::to_string(wanted.size()) + " samples, got " + std::to_string(found.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].time_ns != found[i].time_ns)
      return show(expected.labels) + ": sample " + std::to_string(i) + " is at another time";
    if (!same(wanted[i].sample, found[i].sample))
      return show(expected.labels) + ": expected " + show(wanted[i].sample) + ", got " + show(found[i].sample) + " at sample " +
             std::to_string(i);
  }
  return {};
}

struct FoundSeries {
  MemoryStore::LabelSet labels;
  Points points;
};

std::vector<FoundSeries> found_in(const QueryAnswer& answer) {
  std::vector<FoundSeries> out;
  const auto points = [&](const Column& values, const promql::HistogramColumn& histograms, size_t first) {
    Points made;
    for (size_t i = 0; i < values.size(); ++i) {
      const promql::HistogramRef histogram = histograms.empty() ? nullptr : histograms[i];
      if (promql::is_present(values[i]) || histogram != nullptr)
        made.push_back({answer.start_ns + static_cast<int64_t>(first + i) * answer.step_ns, {values[i], histogram}});
    }
    return made;
  };
  if (answer.type == ValueType::kScalar) out.push_back({{}, points(answer.scalar, {}, 0)});
  for (const auto& series : answer.series)
    out.push_back({plain(series.labels), points(series.values, series.histograms, series.first)});
  for (const auto& series : answer.matrix) {
    Points made;
    for (size_t i = 0; i < series.values.size(); ++i)
      made.push_back({series.times_ns[i], {series.values[i], series.histograms.empty() ? nullptr : series.histograms[i]}});
    out.push_back({plain(series.labels), std::move(made)});
  }
  return out;
}

std::string compare(const Eval& eval, const QueryAnswer& answer) {
  if (eval.text) return answer.type == ValueType::kString && answer.string == *eval.text ? "" : "expected the string " + *eval.text;
  if (eval.scalar && !eval.range) {
    if (answer.type != ValueType::kScalar) return "expected a scalar";
    return same(*eval.scalar, answer.scalar.front())
               ? ""
               : "expected " + promql::write_number(*eval.scalar) + ", got " + promql::write_number(answer.scalar.front());
  }
  const std::vector<FoundSeries> found = found_in(answer);
  for (size_t i = 0; i < found.size(); ++i) {
    const auto expected =
        std::find_if(eval.series.begin(), eval.series.end(), [&](const auto& one) { return one.labels == found[i].labels; });
    if (expected == eval.series.end()) return "unexpected series " + show(found[i].labels);
    if (eval.ordered && static_cast<size_t>(expected - eval.series.begin()) != i)
      return show(found[i].labels) + " is at another place";
    ScriptSeries wanted = *expected;
    if (!eval.range && !eval.range_vector) wanted.values.resize(std::min<size_t>(wanted.values.size(), 1));
    if (auto difference = compare_points(eval, wanted, found[i].points); !difference.empty()) return difference;
  }
  if (found.size() != eval.series.size())
    for (const ScriptSeries& expected : eval.series)
      if (std::none_of(found.begin(), found.end(), [&](const auto& one) { return one.labels == expected.labels; }))
        return "series " + show(expected.labels) + " is missing";
  return {};
}

class Runner {
 public:
  Runner() : engine_(options(), [] { return std::chrono::steady_clock::now().time_since_epoch().count(); }) {
    store_.set_threads(2);
  }

  void load(const Load& load) {
    for (const ScriptSeries& series : load.series) {
      for (size_t i = 0; i < series.values.size(); ++i) {
        if (!series.values[i]) continue;
        const int64_t time = static_cast<int64_t>(i) * load.step_ns;
        const bool started = !series.starts_ns.empty() && series.starts_ns[i];
        const int64_t start = started ? time + *series.starts_ns[i] : 0;
        const ScriptSample& sample = *series.values[i];
        if (sample.histogram != nullptr) {
          store_.add(series.labels, time, *sample.histogram, start);
        } else {
          store_.add(series.labels, time, sample.value, start);
        }
      }
    }
  }
  void clear() { store_.clear(); }

  std::string eval(const Eval& eval) {
    promql::QueryRequest request;
    request.expression = eval.expression;
    request.start_ns = eval.range_vector ? eval.end_ns : eval.start_ns;
    request.end_ns = eval.end_ns;
    request.step_ns = eval.range ? eval.step_ns : 0;
    if (auto difference = ask(eval, request, [&](const QueryAnswer& answer) { return compare(eval, answer); }); !difference.empty())
      return difference;
    if (eval.range || eval.range_vector || eval.text || eval.failure || eval.ordered || depends_on_range(eval.expression))
      return {};
    return in_range(eval);
  }

 private:
  static promql::EngineOptions options() {
    promql::EngineOptions made;
    made.delayed_name_removal = true;
    made.use_start_timestamps = true;
    return made;
  }
  static bool depends_on_range(const std::string& expression) {
    static const std::regex kContext(R"((start|end|range|step)\(\))");
    return std::regex_search(expression, kContext);
  }

  /// The instant result must also stand in the middle of a range query.
  std::string in_range(const Eval& eval) {
    constexpr int64_t kMinute = 60'000'000'000;
    promql::QueryRequest request;
    request.expression = eval.expression;
    request.start_ns = eval.start_ns - kMinute;
    request.end_ns = eval.start_ns + kMinute;
    request.step_ns = kMinute;
    Eval unchecked;
    return ask(unchecked, request, [&](const QueryAnswer& answer) {
      QueryAnswer middle;
      middle.type = answer.type == ValueType::kScalar && !eval.scalar ? ValueType::kVector : answer.type;
      middle.start_ns = eval.start_ns;
      if (answer.type == ValueType::kScalar) middle.scalar = {answer.scalar[1]};
      for (const auto& series : answer.series)
        if (series.present_at(1)) {
          middle.series.push_back({series.labels, false, {series.at(1)}});
          if (series.histogram_at(1) != nullptr) middle.series.back().set(0, series.histogram_of(1));
        }
      const std::string difference = compare(eval, middle);
      return difference.empty() ? difference : "in a range query: " + difference;
    });
  }

  template <class Check>
  std::string ask(const Eval& eval, const promql::QueryRequest& request, Check check) {
    std::string difference;
    const auto outcome = engine_.query(*store_.table(), request, [&](const QueryAnswer& answer) {
      if (eval.failure) {
        difference = "expected it to fail";
        return;
      }
      difference = check_texts("warning", eval.warnings, eval.no_warning, answer.warnings);
      if (difference.empty()) difference = check_texts("info", eval.infos, eval.no_info, answer.infos);
      if (difference.empty()) difference = check(answer);
    });
    if (outcome) return difference;
    if (!eval.failure) return "failed: " + outcome.error().message();
    return fits(*eval.failure, outcome.error().message())
               ? ""
               : "expected the error " + eval.failure->text + ", got " + outcome.error().message();
  }

  MemoryStore store_;
  promql::Engine engine_;
};

}  // namespace

Result<ScriptReport> run_script(std::string_view text) {
  auto commands = parse_script(text);
  if (!commands) return std::move(commands).error();
  ScriptReport report;
  Runner runner;
  for (const Command& command : *commands) {
    if (command.kind == Command::Kind::kClear) runner.clear();
    if (command.kind == Command::Kind::kLoad) runner.load(command.load);
    if (command.kind != Command::Kind::kEval) continue;
    const std::string difference = runner.eval(command.eval);
    if (difference.empty()) {
      ++report.passed;
    } else {
      ++report.failed;
      report.failures.push_back("line " + std::to_string(command.eval.line) + ": " + command.eval.expression + ": " + difference);
    }
  }
  return report;
}

}  // namespace tarsier::test
