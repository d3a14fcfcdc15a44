// The answer of a query as the Prometheus API writes it.
#pragma once

#include <string_view>

#include "plugins/lib/json/json_writer.hpp"
#include "plugins/query/promql/exec/engine.hpp"

namespace tarsier::promql {

/// What of the statistics is wanted; they need count_samples in the request.
enum class Stats : uint8_t { kNone, kTotals, kPerStep };
/// Of the parameter `stats`: any when it is not empty, by step when it is "all".
Stats stats_of(std::string_view parameter) noexcept;

/// Writes an answer, {"resultType":...,"result":...}, bit by bit, so that its text need never be in memory as a whole.
class AnswerWriter {
 public:
  /// `answer` outlives it.
  AnswerWriter(const QueryAnswer& answer, Stats stats);
  /// Writes the next thousand points or so; false once all is written.
  bool write_some(json::Writer& json);

 private:
  enum class Part : uint8_t { kLabels, kNumbers, kHistograms };
  /// A series of a matrix.
  struct Row {
    const Labels& labels;
    const Column& values;
    const HistogramColumn& histograms;
    size_t first;                          // the step that the columns begin with
    const std::vector<int64_t>* times_ns;  // null: as the steps say
  };

  bool is_matrix() const noexcept { return answer_.range || answer_.type == ValueType::kMatrix; }
  void begin(json::Writer& json) const;
  void end(json::Writer& json) const;
  Row row() const;
  /// These return how many points that was, at least one.
  size_t write_instant(json::Writer& json, const Series& series);
  size_t write_part(json::Writer& json, const Row& row);
  size_t start(json::Writer& json, Part part, std::string_view key);

  const QueryAnswer& answer_;
  const Stats stats_;
  bool begun_ = false;
  size_t rows_ = 0, row_ = 0;
  Part part_ = Part::kLabels;    // of the row, that comes next
  size_t next_ = 0;              // entry of that part
  bool has_histograms_ = false;  // the row
  const Labels no_labels_;       // of a scalar
  const HistogramColumn no_histograms_;
};

/// {"__name__":"up"}
void write_labels(json::Writer& json, const Labels& labels);

}  // namespace tarsier::promql
