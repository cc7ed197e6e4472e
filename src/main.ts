console.log('stars');
