// Answers of the Prometheus HTTP API: the envelope around them, errors, and large bodies that leave in pieces.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/json/json_writer.hpp"
#include "tarsier/http.hpp"
#include "tarsier/result.hpp"

namespace tarsier::promql {

/// The body of an answer in pieces, sent as fast as the client takes them.
class Body {
 public:
  Body() : writer_([this](std::string_view piece) { pieces_.emplace_back(piece); }) {}
  json::Writer& json() noexcept { return writer_; }
  /// Finishes the exchange.
  void send(const http::Exchange& exchange, uint32_t code = 200);

 private:
  std::vector<std::string> pieces_;
  json::Writer writer_;
};

/// Finishes the exchange with these, as fast as the client takes them.
void send_pieces(const http::Exchange& exchange, uint32_t code, std::string_view content_type, std::vector<std::string> pieces);

/// The next piece of a body; none: that was all.
using NextPiece = std::function<std::optional<std::string>()>;
/// Finishes the exchange with pieces that are made when the client takes them.
void send_stream(const http::Exchange& exchange, uint32_t code, std::string_view content_type, NextPiece next);

/// Warnings and infos as they stand behind the data of an answer, at most ten lines of a kind.
void write_annotations(json::Writer& json, const std::vector<std::string>& warnings, const std::vector<std::string>& infos);

using WriteData = std::function<void(json::Writer&)>;

/// {"status":"success","data":...} with what there is to say about it.
void answer(const http::Exchange& exchange, const WriteData& write_data, const std::vector<std::string>& warnings = {},
            const std::vector<std::string>& infos = {});

/// {"status":"error","errorType":...,"error":...}
void refuse(const http::Exchange& exchange, uint32_t code, std::string_view type, std::string_view text);
/// 400 `invalid parameter "NAME": ...`
void refuse_parameter(const http::Exchange& exchange, std::string_view name, std::string_view text);
/// What an evaluation or the store came back with.
void refuse(const http::Exchange& exchange, const Error& error);

}  // namespace tarsier::promql
