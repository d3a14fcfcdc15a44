// Histograms of tests, in the words of scripts.
#pragma once

#include <stdexcept>
#include <string>

#include "tests/conformance/script_histogram.hpp"

namespace tarsier::test {

/// "schema:0 count:4 sum:5 buckets:[1 2 1]"
inline promql::FloatHistogram written(std::string_view text) {
  const std::string whole = "{{" + std::string(text) + "}}";
  std::string_view rest = whole;
  std::vector<std::optional<ScriptSample>> samples;
  if (auto read = read_histograms(rest, samples); !read) throw std::runtime_error(read.error().message());
  return *samples.front()->histogram;
}

}  // namespace tarsier::test
