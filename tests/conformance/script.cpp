#include "tests/conformance/script.hpp"

#include <algorithm>
#include <regex>
#include <utility>

#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/value.hpp"
#include "tests/conformance/script_buckets.hpp"

namespace tarsier::test {
namespace {

using promql::read_duration;

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool starts_with(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

Result<int64_t> duration(std::string_view text) {
  const bool negative = starts_with(text, "-");
  if (auto value = read_duration(negative ? text.substr(1) : text)) return negative ? -*value : *value;
  if (auto seconds = promql::read_number(text)) return static_cast<int64_t>(*seconds * 1e9);
  return Error::invalid("bad duration " + std::string(text));
}

/// Bytes of `name{...}` that a line begins with.
size_t metric_size(std::string_view line) {
  size_t at = line.find_first_of("{ \t");
  if (at == std::string_view::npos) return line.size();
  if (line[at] != '{' || line.substr(at, 2) == "{{") return at;
  char mark = 0;
  for (++at; at < line.size(); ++at) {
    const char c = line[at];
    if (mark != 0) {
      if (c == '\\' && mark != '`') ++at;
      if (c == mark) mark = 0;
    } else if (c == '"' || c == '\'' || c == '`') {
      mark = c;
    } else if (c == '}') {
      return at + 1;
    }
  }
  return line.size();
}

Result<MemoryStore::LabelSet> labels_of(std::string_view text) {
  MemoryStore::LabelSet labels;
  if (text == "{}") return labels;
  promql::Parser parser(text);
  auto tree = parser.expression_to_end();
  if (!tree) return std::move(tree).error();
  if ((*tree)->kind != promql::NodeKind::kVectorSelector) return Error::invalid("not a series: " + std::string(text));
  for (const promql::Matcher& matcher : static_cast<promql::VectorSelector&>(**tree).matchers)
    if (!matcher.value.empty()) labels.emplace_back(matcher.name, matcher.value);
  std::sort(labels.begin(), labels.end());
  return labels;
}

/// One item of a value list: "1", "1+2x3", "_x5", "stale", "1x4".
Result<void> add_values(std::string_view item, ScriptSeries& series) {
  size_t repeat = 0;
  bool repeated = false;
  const size_t times = item.rfind('x');
  if (times != std::string_view::npos && times > 0 && item.find_first_not_of("0123456789", times + 1) == std::string_view::npos) {
    repeat = std::stoul(std::string(item.substr(times + 1)));
    repeated = true;
    item = item.substr(0, times);
  }
  if (item == "_") {
    series.values.resize(series.values.size() + (repeated ? repeat : 1));
    return {};
  }
  if (item == "stale") {
    for (size_t i = 0; i <= repeat; ++i) series.values.emplace_back(ScriptSample{promql::kNothing, nullptr});
    return {};
  }
  double delta = 0;
  if (repeated) {
    const size_t sign = item.find_first_of("+-", 1);
    const size_t place = sign != std::string_view::npos && (item[sign - 1] == 'e' || item[sign - 1] == 'E')
                             ? item.find_first_of("+-", sign + 1)
                             : sign;
    if (place != std::string_view::npos) {
      const auto step = promql::read_number(item.substr(place));
      if (!step) return Error::invalid("bad values " + std::string(item));
      delta = *step;
      item = item.substr(0, place);
    }
  }
  auto value = promql::read_number(item);
  if (!value) return Error::invalid("bad value " + std::string(item));
  for (size_t i = 0; i <= repeat; ++i) {
    series.values.emplace_back(ScriptSample{*value, nullptr});
    *value += delta;
  }
  return {};
}

Result<ScriptSeries> series_of(std::string_view line) {
  const size_t size = metric_size(line);
  auto labels = labels_of(line.substr(0, size));
  if (!labels) return std::move(labels).error();
  ScriptSeries series{std::move(*labels), {}};
  std::string_view rest = trim(line.substr(size));
  while (!rest.empty()) {
    if (starts_with(rest, "{{")) {
      if (auto read = read_histograms(rest, series.values); !read) return std::move(read).error();
      rest = trim(rest);
      continue;
    }
    const size_t end = std::min(rest.find_first_of(" \t"), rest.size());
    if (auto added = add_values(rest.substr(0, end), series); !added) return std::move(added).error();
    rest = trim(rest.substr(end));
  }
  return series;
}

Result<void> expectation(std::string_view line, Eval& eval) {
  static const std::regex kRange(R"(expect range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+))");
  static const std::regex kCheck(R"(expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?)");
  const std::string text(line);
  std::smatch match;
  if (std::regex_match(text, match, kRange)) {
    eval.range_vector = true;
    eval.start_ns = duration(match[1].str()).value();
    eval.end_ns = duration(match[2].str()).value();
    eval.step_ns = duration(match[3].str()).value();
    return {};
  }
  if (starts_with(line, "expect string")) {
    auto value = promql::unquote(trim(line.substr(13)));
    if (!value) return Error::invalid("bad string in " + text);
    eval.text = std::move(*value);
    return {};
  }
  if (!std::regex_match(text, match, kCheck)) return Error::invalid("cannot read " + text);
  TextCheck check;
  if (match[2].matched) check.kind = match[2].str() == "msg" ? TextCheck::Kind::kExact : TextCheck::Kind::kRegex;
  check.text = std::string(trim(match[3].str()));
  const std::string what = match[1].str();
  if (what == "ordered") eval.ordered = true;
  if (what == "fail") eval.failure = check;
  if (what == "warn") eval.warnings.push_back(check);
  if (what == "info") eval.infos.push_back(check);
  if (what == "no_warn") eval.no_warning = true;
  if (what == "no_info") eval.no_info = true;
  return {};
}

Result<Eval> eval_head(const std::string& line, size_t number) {
  static const std::regex kInstant(R"(eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+))");
  static const std::regex kRange(R"(eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+))");
  Eval eval;
  eval.line = number;
  std::smatch match;
  if (std::regex_match(line, match, kRange)) {
    eval.range = true;
    eval.start_ns = duration(match[2].str()).value();
    eval.end_ns = duration(match[3].str()).value();
    eval.step_ns = duration(match[4].str()).value();
    eval.expression = match[5].str();
  } else if (std::regex_match(line, match, kInstant)) {
    if (match[2].matched) eval.start_ns = duration(match[2].str()).value();
    eval.expression = match[3].str();
  } else {
    return Error::invalid("line " + std::to_string(number) + ": cannot read " + line);
  }
  const std::string mode = match[1].str();
  if (mode == "fail") eval.failure = TextCheck{};
  if (mode == "warn") eval.warnings.emplace_back();
  if (mode == "info") eval.infos.emplace_back();
  if (mode == "ordered") eval.ordered = true;
  return eval;
}

Result<void> eval_line(std::string_view line, Eval& eval) {
  if (starts_with(line, "expect ")) return expectation(line, eval);
  if (starts_with(line, "expected_fail_message")) {
    eval.failure = TextCheck{TextCheck::Kind::kExact, std::string(trim(line.substr(21)))};
    return {};
  }
  if (starts_with(line, "expected_fail_regexp")) {
    eval.failure = TextCheck{TextCheck::Kind::kRegex, std::string(trim(line.substr(20)))};
    return {};
  }
  if (const auto number = promql::read_number(line); number && line.find('{') == std::string_view::npos) {
    eval.scalar = number;
    return {};
  }
  auto series = series_of(line);
  if (!series) return std::move(series).error();
  eval.series.push_back(std::move(*series));
  return {};
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    lines.emplace_back(starts_with(line, "#") ? std::string_view{} : line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// One item of a list of start timestamps, as offsets to the samples' times: "_", "-30s", "-30s-1mx2".
Result<void> add_starts(std::string_view item, std::vector<std::optional<int64_t>>& starts) {
  size_t repeat = 0;
  if (const size_t times = item.rfind('x'); times != std::string_view::npos) {
    repeat = std::stoul(std::string(item.substr(times + 1)));
    item = item.substr(0, times);
  }
  if (item == "_") {
    starts.resize(starts.size() + std::max<size_t>(repeat, 1));
    return {};
  }
  const size_t sign = std::min(item.find_first_of("+-", 1), item.size());
  const auto offset = [](std::string_view text) { return duration(starts_with(text, "+") ? text.substr(1) : text); };
  auto first = offset(item.substr(0, sign));
  if (!first) return std::move(first).error();
  Result<int64_t> step = int64_t{0};
  if (sign < item.size()) step = offset(item.substr(sign));
  if (!step) return std::move(step).error();
  for (size_t i = 0; i <= repeat; ++i) starts.emplace_back(*first + static_cast<int64_t>(i) * *step);
  return {};
}

/// The line of a series' start timestamps stands before that of its samples: "name{...}@st  _ -30s".
class LoadReader {
 public:
  Result<void> line(std::string_view line, Load& load) {
    const size_t word = std::min(line.find_first_of(" \t"), line.size());
    if (word > 3 && line.substr(word - 3, 3) == "@st") {
      for (std::string_view rest = trim(line.substr(word)); !rest.empty();) {
        const size_t end = std::min(rest.find_first_of(" \t"), rest.size());
        if (auto added = add_starts(rest.substr(0, end), starts_); !added) return added;
        rest = trim(rest.substr(end));
      }
      return {};
    }
    auto series = series_of(line);
    if (!series) return std::move(series).error();
    if (!starts_.empty() && starts_.size() != series->values.size())
      return Error::invalid(std::to_string(starts_.size()) + " start timestamps for " + std::to_string(series->values.size()) +
                            " samples");
    series->starts_ns = std::exchange(starts_, {});
    load.series.push_back(std::move(*series));
    return {};
  }

 private:
  std::vector<std::optional<int64_t>> starts_;
};

}  // namespace

Result<std::vector<Command>> parse_script(std::string_view text) {
  const std::vector<std::string> lines = lines_of(text);
  std::vector<Command> commands;
  for (size_t i = 0; i < lines.size();) {
    const std::string& line = lines[i];
    if (line.empty()) {
      ++i;
      continue;
    }
    const size_t number = ++i;
    const auto where = [&](Error error) { return std::move(error).in("line " + std::to_string(i)); };
    if (line == "clear") {
      commands.push_back({Command::Kind::kClear, {}, {}});
    } else if (starts_with(line, "load")) {
      Command command{Command::Kind::kLoad, {}, {}};
      auto step = duration(trim(std::string_view(line).substr(line.find_first_of(" \t"))));
      if (!step) return where(std::move(step).error());
      command.load.step_ns = *step;
      LoadReader reader;
      for (; i < lines.size() && !lines[i].empty(); ++i)
        if (auto read = reader.line(lines[i], command.load); !read) return where(std::move(read).error());
      if (starts_with(line, "load_with_nhcb"))
        for (ScriptSeries& native : native_of_classic(command.load.series)) command.load.series.push_back(std::move(native));
      commands.push_back(std::move(command));
    } else {
      auto eval = eval_head(line, number);
      if (!eval) return std::move(eval).error();
      for (; i < lines.size() && !lines[i].empty(); ++i)
        if (auto read = eval_line(lines[i], *eval); !read) return where(std::move(read).error());
      commands.push_back({Command::Kind::kEval, {}, std::move(*eval)});
    }
  }
  return commands;
}

}  // namespace tarsier::test
