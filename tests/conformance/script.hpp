// Prometheus' test scripts: `load` blocks of series, and `eval` of expressions with what is expected of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tarsier/result.hpp"
#include "tests/conformance/memory_store.hpp"
#include "tests/conformance/script_histogram.hpp"

namespace tarsier::test {

/// One series of a script: what is loaded, or expected. nullopt: no sample there.
struct ScriptSeries {
  MemoryStore::LabelSet labels;
  std::vector<std::optional<ScriptSample>> values;
  std::vector<std::optional<int64_t>> starts_ns{};  // start timestamps, as offsets to the samples' times; empty: none
};

struct Load {
  int64_t step_ns = 0;
  std::vector<ScriptSeries> series;
};

struct TextCheck {
  enum class Kind { kAny, kExact, kRegex } kind = Kind::kAny;
  std::string text;
};

struct Eval {
  size_t line = 0;
  std::string expression;
  bool range = false;
  int64_t start_ns = 0, end_ns = 0, step_ns = 0;
  bool ordered = false, no_warning = false, no_info = false;
  std::vector<TextCheck> warnings, infos;
  std::optional<TextCheck> failure;
  std::optional<double> scalar;
  std::optional<std::string> text;
  bool range_vector = false;
  std::vector<ScriptSeries> series;
};

struct Command {
  enum class Kind { kLoad, kEval, kClear } kind;
  Load load;
  Eval eval;
};

Result<std::vector<Command>> parse_script(std::string_view text);

}  // namespace tarsier::test
