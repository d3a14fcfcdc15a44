#include "plugins/query/promql/api/explain_json.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr size_t kMostIndent = 40;  // levels: a deep tree must not be as wide as it is deep

double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

std::string source_of(const ExplainedSelect& select) {
  const uint64_t summed = select.summed_series.load();
  if (summed == 0) return "raw samples";
  return "summaries of up to " + write_duration(select.tier_ns.load()) + " in " + std::to_string(summed) + " series";
}

void write_select(json::Writer& json, const ExplainedSelect& select) {
  json.begin_object().key("matchers").string(select.matchers);
  json.key("start").seconds_of_ms(select.start_ns / kMs).key("end").seconds_of_ms(select.end_ns / kMs);
  if (!select.function.empty()) json.key("function").string(select.function);
  json.key("source").string(source_of(select));
  json.key("series").integer(static_cast<int64_t>(select.series.load()));
  json.key("histogramSeries").integer(static_cast<int64_t>(select.histogram_series.load()));
  json.key("samples").integer(static_cast<int64_t>(select.samples.load())).end_object();
}

void write_node(json::Writer& json, const ExplainedNode& node) {
  json.begin_object().key("expression").string(node.expression).key("type").string(type_name(node.type));
  json.key("how").string(node.how).key("once").boolean(node.once);
  json.key("steps").integer(static_cast<int64_t>(node.steps)).key("series").integer(static_cast<int64_t>(node.series));
  json.key("samples").integer(static_cast<int64_t>(node.samples));
  json.key("totalSeconds").number(seconds(node.total_ns)).key("ownSeconds").number(seconds(node.own_ns()));
  json.key("selects").begin_array();
  for (const auto& select : node.selects) write_select(json, *select);
  json.end_array().key("children").begin_array();
  for (const auto& child : node.children) write_node(json, *child);
  json.end_array().end_object();
}

std::string milliseconds(int64_t ns) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.3f ms", static_cast<double>(ns) / 1e6);
  return {text.data(), static_cast<size_t>(size)};
}

std::string counted(uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 || what[std::char_traits<char>::length(what) - 1] == 's' ? "" : "s");
}

/// On one line.
std::string flat(std::string_view expression) {
  std::string out;
  for (const char c : expression) {
    const bool space = c == '\n' || c == '\t' || c == '\r' || c == ' ';
    if (!space) out.push_back(c);
    if (space && !out.empty() && out.back() != ' ') out.push_back(' ');
  }
  return out;
}

void append_node(std::string& out, const ExplainedNode& node, size_t depth) {
  const std::string indent(std::min(depth, kMostIndent) * 2, ' ');
  out += indent + flat(node.expression) + "\n";
  out += indent + "  = " + node.how + (node.once ? "; once, the same at every step" : "") + "\n";
  out += indent + "  = " + counted(node.series, "series") + ", " + counted(node.steps, "step") + ", " +
         counted(node.samples, "sample") + " read, " + milliseconds(node.total_ns) + " (" + milliseconds(node.own_ns()) +
         " of its own)\n";
  for (const auto& select : node.selects)
    out += indent + "  < " + select->matchers + ": " + counted(select->series.load(), "series") + ", " +
           counted(select->samples.load(), "sample") + ", " + source_of(*select) + "\n";
  for (const auto& child : node.children) append_node(out, *child, depth + 1);
}

}  // namespace

void write_explanation(json::Writer& json, const QueryAnswer& answer, const Explanation& explanation) {
  json.begin_object().key("resultType").string(answer.range ? "matrix" : type_name(answer.type));
  json.key("series").integer(static_cast<int64_t>(answer.series.size() + answer.matrix.size()));
  json.key("totalSeconds").number(seconds(answer.total_ns)).key("prepareSeconds").number(seconds(answer.prepare_ns));
  json.key("queueSeconds").number(seconds(answer.queue_ns)).key("evalSeconds").number(seconds(answer.eval_ns));
  json.key("seriesRead").integer(static_cast<int64_t>(answer.series_read));
  json.key("samplesRead").integer(static_cast<int64_t>(answer.samples_read));
  json.key("peakSamples").integer(static_cast<int64_t>(answer.peak_samples));
  json.key("omittedNodes").integer(static_cast<int64_t>(explanation.omitted())).key("plan");
  if (const ExplainedNode* const root = explanation.root()) {
    write_node(json, *root);
  } else {
    json.null();
  }
  json.end_object();
}

std::string explanation_text(const QueryAnswer& answer, const Explanation& explanation) {
  std::string out;
  if (const ExplainedNode* const root = explanation.root()) append_node(out, *root, 0);
  if (explanation.omitted() != 0) out += "... " + counted(explanation.omitted(), "part") + " more\n";
  out += "total " + milliseconds(answer.total_ns) + ": prepared in " + milliseconds(answer.prepare_ns) + ", waited " +
         milliseconds(answer.queue_ns) + ", evaluated in " + milliseconds(answer.eval_ns) + "; " +
         counted(answer.series_read, "series") + " and " + counted(answer.samples_read, "sample") + " read, at most " +
         counted(answer.peak_samples, "sample") + " held at once\n";
  for (const std::string& text : answer.warnings) out += text + "\n";
  for (const std::string& text : answer.infos) out += text + "\n";
  return out;
}

}  // namespace tarsier::promql
