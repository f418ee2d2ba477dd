// An HTTP guest in JavaScript: "/" answers, "/echo" tells the method and the path.

addEventListener('fetch', (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case '/':
      return new Response('hello from javascript\n');
    case '/echo':
      return new Response(`${request.method} ${pathname}\n`);
    default:
      return new Response('not found\n', { status: 404 });
  }
}
