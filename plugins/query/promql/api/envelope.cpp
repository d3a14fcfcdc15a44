#include "plugins/query/promql/api/envelope.hpp"

#include <algorithm>
#include <utility>

#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr size_t kMostAnnotations = 10;

/// Sends pieces until the client must catch up, and goes on when it has. Owns itself until the exchange is finished.
class Sender {
 public:
  static void start(const http::Exchange& exchange, uint32_t code, std::string_view content_type, NextPiece next) {
    auto* sender = new Sender(exchange, std::move(next));
    exchange.begin(code, content_type);
    sender->go_on();
  }

 private:
  Sender(const http::Exchange& exchange, NextPiece next) : exchange_(exchange), next_(std::move(next)), piece_(next_()) {}

  void go_on() {
    std::unique_ptr<Sender> mine(this);
    for (; piece_; piece_ = next_()) {
      const tarsier_status status = exchange_.write(*piece_);
      if (status == TARSIER_AGAIN) {
        const http::Exchange exchange = exchange_;  // go_on may run, and end, before on_writable returns
        exchange.api()->on_writable(exchange.raw(), mine.release(), [](void* user) { static_cast<Sender*>(user)->go_on(); });
        return;
      }
      if (status != TARSIER_OK) return exchange_.end(true);
    }
    exchange_.end();
  }

  const http::Exchange exchange_;
  const NextPiece next_;
  std::optional<std::string> piece_;  // that the client has not taken yet
};

void write_texts(json::Writer& json, std::string_view key, std::string_view kind, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(key).begin_array();
  const size_t shown = std::min(texts.size(), kMostAnnotations);
  for (size_t i = 0; i < shown; ++i) json.string(texts[i]);
  if (texts.size() > shown) json.string(std::to_string(texts.size() - shown) + " more " + std::string(kind) + " omitted");
  json.end_array();
}

}  // namespace

void Body::send(const http::Exchange& exchange, uint32_t code) {
  if (pieces_.empty()) return exchange.respond(code, kJson, writer_.text());
  writer_.flush();
  send_pieces(exchange, code, kJson, std::move(pieces_));
}

void send_pieces(const http::Exchange& exchange, uint32_t code, std::string_view content_type, std::vector<std::string> pieces) {
  send_stream(exchange, code, content_type, [pieces = std::move(pieces), next = size_t{0}]() mutable -> std::optional<std::string> {
    if (next == pieces.size()) return std::nullopt;
    return std::move(pieces[next++]);
  });
}

void send_stream(const http::Exchange& exchange, uint32_t code, std::string_view content_type, NextPiece next) {
  Sender::start(exchange, code, content_type, std::move(next));
}

void write_annotations(json::Writer& json, const std::vector<std::string>& warnings, const std::vector<std::string>& infos) {
  write_texts(json, "warnings", "warning annotations", warnings);
  write_texts(json, "infos", "info annotations", infos);
}

void answer(const http::Exchange& exchange, const WriteData& write_data, const std::vector<std::string>& warnings,
            const std::vector<std::string>& infos) {
  Body body;
  json::Writer& json = body.json();
  json.begin_object().key("status").string("success").key("data");
  write_data(json);
  write_annotations(json, warnings, infos);
  json.end_object();
  body.send(exchange);
}

void refuse(const http::Exchange& exchange, uint32_t code, std::string_view type, std::string_view text) {
  Body body;
  body.json().begin_object().key("status").string("error").key("errorType").string(type).key("error").string(text).end_object();
  body.send(exchange, code);
}

void refuse_parameter(const http::Exchange& exchange, std::string_view name, std::string_view text) {
  refuse(exchange, 400, "bad_data", "invalid parameter " + quote(name) + ": " + std::string(text));
}

void refuse(const http::Exchange& exchange, const Error& error) {
  switch (error.code()) {
    case TARSIER_INVALID:
      return refuse_parameter(exchange, "query", error.message());
    case TARSIER_DEADLINE:
      return refuse(exchange, 503, "timeout", error.message());
    case TARSIER_CANCELLED:
      return refuse(exchange, 499, "canceled", error.message());
    case TARSIER_UNAVAILABLE:
      return refuse(exchange, 503, "unavailable", error.message());
    case TARSIER_INTERNAL:
    case TARSIER_CORRUPT:
      return refuse(exchange, 500, "internal", error.message());
    default:
      return refuse(exchange, 422, "execution", error.message());
  }
}

}  // namespace tarsier::promql
