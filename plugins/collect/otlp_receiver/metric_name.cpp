#include "plugins/collect/otlp_receiver/metric_name.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace tarsier::otlp {
namespace {

using Word = std::pair<std::string_view, std::string_view>;

constexpr std::array kUnits = {
    Word{"d", "days"},
    Word{"h", "hours"},
    Word{"min", "minutes"},
    Word{"s", "seconds"},
    Word{"ms", "milliseconds"},
    Word{"us", "microseconds"},
    Word{"ns", "nanoseconds"},
    Word{"By", "bytes"},
    Word{"KiBy", "kibibytes"},
    Word{"MiBy", "mebibytes"},
    Word{"GiBy", "gibibytes"},
    Word{"TiBy", "tibibytes"},
    Word{"KBy", "kilobytes"},
    Word{"MBy", "megabytes"},
    Word{"GBy", "gigabytes"},
    Word{"TBy", "terabytes"},
    Word{"m", "meters"},
    Word{"V", "volts"},
    Word{"A", "amperes"},
    Word{"J", "joules"},
    Word{"W", "watts"},
    Word{"g", "grams"},
    Word{"Cel", "celsius"},
    Word{"Hz", "hertz"},
    Word{"1", ""},
    Word{"%", "percent"},
};
constexpr std::array kPerUnits = {
    Word{"s", "second"}, Word{"m", "minute"}, Word{"h", "hour"}, Word{"d", "day"},
    Word{"w", "week"},   Word{"mo", "month"}, Word{"y", "year"},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c); }
/// The bytes of a character after its first one: a character becomes one underscore.
bool is_continuation(char c) { return (static_cast<uint8_t>(c) & 0xc0U) == 0x80; }

template <size_t kSize>
std::string_view translated(const std::array<Word, kSize>& words, std::string_view unit) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) { return word.first == unit; });
  return found == words.end() ? unit : found->second;
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

struct UnitSuffixes {
  std::string main, per;  // "bytes", "per_second"
};

UnitSuffixes suffixes_of(std::string_view unit) {
  const size_t slash = unit.find('/');
  const std::string_view main = trimmed(unit.substr(0, slash));
  const std::string_view per = slash == std::string_view::npos ? std::string_view{} : trimmed(unit.substr(slash + 1));
  const auto counts_things = [](std::string_view text) { return text.find_first_of("{}") != std::string_view::npos; };
  UnitSuffixes suffixes;
  if (!counts_things(main)) suffixes.main = translated(kUnits, main);
  if (!per.empty() && !counts_things(per)) suffixes.per = "per_" + std::string(translated(kPerUnits, per));
  return suffixes;
}

/// Underscores for what may not stand in a name, never two, and none in front.
std::string cleaned(std::string_view unit) {
  std::string out;
  for (const char c : unit) {
    if (is_continuation(c)) continue;
    if (is_plain(c) || c == ':') {
      out.push_back(c);
    } else if (!out.empty() && out.back() != '_') {
      out.push_back('_');
    }
  }
  return out;
}

std::vector<std::string> words_of(std::string_view name, bool keep_underscores) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (is_plain(c) || c == ':' || (keep_underscores && c == '_')) {
      words.back().push_back(c);
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += '_';
    out += word;
  }
  if (!out.empty() && is_digit(out.front())) out.insert(out.begin(), '_');
  return out;
}

void move_to_end(std::vector<std::string>& words, const char* word) {
  std::erase(words, word);
  words.emplace_back(word);
}

std::string escaped_with_suffixes(std::string_view name, std::string_view unit, MetricKind kind) {
  std::vector<std::string> words = words_of(name, false);
  const auto has = [&](const std::string& word) { return std::find(words.begin(), words.end(), word) != words.end(); };
  const UnitSuffixes suffixes = suffixes_of(unit);
  std::string main = cleaned(suffixes.main);
  std::string per = cleaned(suffixes.per);
  if (has(main)) main.clear();
  if (!per.empty() && per.back() == '_') per.pop_back();
  if (per == "per" || has(per)) per.clear();
  if (!per.empty() && !main.empty() && main.back() == '_') main.pop_back();
  if (!main.empty()) words.push_back(main);
  if (!per.empty()) words.push_back(per);
  if (kind == MetricKind::counter) move_to_end(words, "total");
  if (unit == "1" && kind == MetricKind::gauge) move_to_end(words, "ratio");
  return joined(words);
}

/// Takes a suffix from the end with the character before it, when something remains.
void take_off(std::string& name, std::string_view suffix) {
  if (name.ends_with(suffix) && name.size() > suffix.size() + 1) name.resize(name.size() - suffix.size() - 1);
}

std::string with_suffixes(std::string_view written, std::string_view unit, MetricKind kind) {
  std::string name(written);
  const bool ratio = unit == "1" && kind == MetricKind::gauge;
  const bool total = kind == MetricKind::counter;
  if (ratio) take_off(name, "ratio");
  if (total) take_off(name, "total");
  const UnitSuffixes suffixes = suffixes_of(unit);
  if (!suffixes.per.empty()) take_off(name, suffixes.per);
  if (!suffixes.main.empty() && !name.ends_with(suffixes.main)) name += "_" + suffixes.main;
  if (!suffixes.per.empty()) name += "_" + suffixes.per;
  if (total) name += "_total";
  if (ratio) name += "_ratio";
  return name;
}

bool only_underscores(std::string_view name) { return name.find_first_not_of('_') == std::string_view::npos; }

}  // namespace

Naming naming_of(std::string_view strategy) {
  return {.escapes = strategy.starts_with("Underscore"), .suffixes = strategy.ends_with("WithSuffixes")};
}

Result<std::string> metric_name(std::string_view name, std::string_view unit, MetricKind kind, Naming naming) {
  std::string made;
  if (naming.escapes) {
    made = naming.suffixes ? escaped_with_suffixes(name, unit, kind) : joined(words_of(name, true));
  } else {
    made = naming.suffixes ? with_suffixes(name, unit, kind) : std::string(name);
  }
  if (made.empty() || (naming.escapes && made != name && only_underscores(made)))
    return Error::invalid("of the metric \"" + std::string(name) + "\" no name remains");
  return made;
}

std::string unit_name(std::string_view unit) {
  const UnitSuffixes suffixes = suffixes_of(unit);
  const std::string main = cleaned(suffixes.main);
  const std::string per = cleaned(suffixes.per);
  std::string out = main;
  if (!main.empty() && !per.empty()) out += '_';
  out += per;
  if (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

Result<std::string> label_name(std::string_view name, Naming naming) {
  if (name.empty()) return Error::invalid("a label's name is empty");
  std::string made;
  if (naming.escapes) {
    for (const char c : name)
      if (!is_continuation(c)) made.push_back(is_plain(c) ? c : '_');
    if (!made.empty() && is_digit(made.front())) {
      made.insert(0, "key_");
    } else if (made.starts_with('_') && !made.starts_with("__")) {
      made.insert(0, "key");
    }
  } else {
    made = name;
  }
  if (only_underscores(made)) return Error::invalid("of the label \"" + std::string(name) + "\" no name remains");
  return made;
}

}  // namespace tarsier::otlp
