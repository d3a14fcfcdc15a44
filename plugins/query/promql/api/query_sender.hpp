// QuerySender: the answer of a query, written while the client takes it: of the text only the piece at hand is in memory.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/lib/json/json_writer.hpp"
#include "plugins/query/promql/api/query_json.hpp"
#include "tarsier/host.hpp"
#include "tarsier/http.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::promql {

class QuerySender {
 public:
  /// Finishes the exchange, now or as fast as the client takes it; no worker waits for that. The query keeps its memory and its
  /// `place` meanwhile, but from when the client first has to be waited for not longer than the query's timeout: then the answer is
  /// broken off.
  static void start(const Host& host, const http::Exchange& exchange, std::shared_ptr<const QueryAnswer> answer, Stats stats,
                    std::shared_ptr<void> place);
  QuerySender(const QuerySender&) = delete;
  QuerySender& operator=(const QuerySender&) = delete;

 private:
  enum class Outcome : uint8_t { kWait, kWhole, kComplete, kBroken };

  QuerySender(const Host& host, const http::Exchange& exchange, std::shared_ptr<const QueryAnswer> answer, Stats stats,
              std::shared_ptr<void> place);
  void go_on();
  Outcome write();
  void write_more();
  void wait();
  void give_up();

  const Host& host_;
  const http::Exchange exchange_;
  std::mutex mutex_;  // guards what is below against give_up()
  std::shared_ptr<void> place_;
  std::shared_ptr<const QueryAnswer> answer_;  // null: it was given up
  AnswerWriter writer_;
  std::vector<std::string> pieces_;  // that the client has not taken yet, few
  json::Writer json_;
  bool begun_ = false;    // the exchange
  bool written_ = false;  // all of the text
  Timer late_;            // once the client had to be waited for; ends before the rest
};

}  // namespace tarsier::promql
