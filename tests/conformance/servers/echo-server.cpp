// Echo (echo.thrift) on Apache's C++ library: echo-server threaded|nonblocking framed|buffered binary|compact|header [NAME]
#include <thrift/processor/TMultiplexedProcessor.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/protocol/THeaderProtocol.h>
#include <thrift/server/TNonblockingServer.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TNonblockingServerSocket.h>
#include <thrift/transport/TServerSocket.h>

#include <mutex>
#include <tuple>

#include "gen-cpp/Echo.h"

using namespace apache::thrift;
using namespace apache::thrift::protocol;
using namespace apache::thrift::server;
using namespace apache::thrift::transport;
using namespace echo;

bool Point::operator<(const Point& other) const {
  return std::tie(x, y) < std::tie(other.x, other.y);
}

class Handler : public EchoIf {
public:
  int16_t echoSmall(const int16_t thing) override { return thing; }
  void echoScalars(Scalars& result, const Scalars& thing) override { result = thing; }
  void echoContainers(Containers& result, const Containers& thing) override { result = thing; }
  void echoKeys(Keys& result, const Keys& thing) override { result = thing; }
  void echoDefaults(Defaults& result, const Defaults& thing) override { result = thing; }
  void echoChoice(Choice& result, const Choice& thing) override { result = thing; }
  void echoTree(Tree& result, const Tree& thing) override { result = thing; }

  void refuse(std::string& result, const int32_t code) override {
    if (code == 1) {
      Refused refused;
      refused.reason = "ü🚀";
      refused.code = INT32_MAX;
      throw refused;
    }
    if (code == 2) {
      Busy busy;
      busy.where = {point(1, 2), point(-1, 7)};
      throw busy;
    }
    result = "taken";
  }

  void notify(const std::string& message) override {
    std::lock_guard<std::mutex> lock(mutex_);
    messages_.push_back(message);
  }

  void received(std::vector<std::string>& result) override {
    std::lock_guard<std::mutex> lock(mutex_);
    result = messages_;
  }

private:
  static Point point(int32_t x, int32_t y) {
    Point made;
    made.x = x;
    made.__set_y(y);
    return made;
  }

  std::mutex mutex_;
  std::vector<std::string> messages_;
};

std::shared_ptr<TProtocolFactory> protocolFor(const std::string& name) {
  if (name == "header") return std::make_shared<THeaderProtocolFactory>();
  if (name == "compact") return std::make_shared<TCompactProtocolFactoryT<TBufferBase>>();
  return std::make_shared<TBinaryProtocolFactoryT<TBufferBase>>();
}

std::shared_ptr<TTransportFactory> transportFor(const std::string& name) {
  if (name == "framed") return std::make_shared<TFramedTransportFactory>();
  return std::make_shared<TBufferedTransportFactory>();
}

int main(int argc, char** argv) {
  std::shared_ptr<TProcessor> processor = std::make_shared<EchoProcessor>(std::make_shared<Handler>());
  if (argc > 4) {
    auto services = std::make_shared<TMultiplexedProcessor>();
    services->registerProcessor(argv[4], processor);
    processor = services;
  }
  const std::string protocol = argv[3];
  if (std::string(argv[1]) == "nonblocking") {
    auto socket = std::make_shared<TNonblockingServerSocket>("127.0.0.1", 0);
    TNonblockingServer(processor, protocolFor(protocol), socket).serve();
  } else {
    auto socket = std::make_shared<TServerSocket>("127.0.0.1", 0);
    TThreadedServer server(processor, socket, transportFor(argv[2]), protocolFor(protocol));
    // A THeader reply is written by what read the request.
    if (protocol == "header") server.setOutputProtocolFactory(nullptr);
    server.serve();
  }
}
