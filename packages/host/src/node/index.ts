export {
  type AcceptedWebSockets,
  acceptWebSockets,
  type WebSocketOptions,
} from "./accept-web-sockets.ts";
export { listen } from "./listen.ts";
export {
  type ListenWebSocketOptions,
  listenWebSocket,
  type WebSocketServer,
} from "./listen-web-socket.ts";
